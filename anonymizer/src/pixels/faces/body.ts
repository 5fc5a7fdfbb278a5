/**
 * What of a frame is the body, its cavities filled: in CT the largest piece of tissue, for the table is
 * another one; otherwise every piece of some size, for dark bone parts brain and scalp. In: samples
 * row after row. Out: 1 in the body, 0 outside.
 */

export interface Frame {
  readonly samples: Float64Array
  readonly rows: number
  readonly columns: number
}

/** Skin and fat are above, air and most head rests below. */
const SKIN_HU = -300

/** Hounsfield units. */
export function bodyOfCt(frame: Frame): Uint8Array {
  return bodyAbove(frame, SKIN_HU, 1)
}

/** Any scale; tissue is brighter than air. */
export function bodyOfBright(frame: Frame): Uint8Array {
  if (isNoise(frame)) return new Uint8Array(frame.samples.length)
  return bodyAbove(frame, tissueThreshold(frame.samples), 0.02)
}

/** In noise, and only there, a sample says little of its neighbour. A bright spot makes no body. */
function isNoise({ samples }: Frame): boolean {
  const most = samples.toSorted()[Math.floor(samples.length * 0.98)] ?? 0
  const clipped = samples.map((sample) => Math.min(sample, most))
  const mean = clipped.reduce((sum, sample) => sum + sample, 0) / clipped.length
  let [alike, all] = [0, 0]
  clipped.forEach((sample, at) => {
    alike += (sample - mean) * ((clipped[at + 1] ?? mean) - mean)
    all += (sample - mean) ** 2
  })
  return alike <= 0.6 * all
}

/** A fifth of what tissue has on average: skin and muscle are dark in many sequences, air is darker. */
function tissueThreshold(samples: Float64Array): number {
  const split = otsu(samples)
  const least = samples.reduce((a, b) => Math.min(a, b), Infinity)
  let sum = 0
  let count = 0
  for (const sample of samples) {
    if (sample <= split) continue
    sum += sample - least
    count++
  }
  return count === 0 ? Infinity : least + (0.2 * sum) / count
}

const BINS = 256

/** Splits the samples into two groups that are as far apart as can be (Otsu's threshold). */
function otsu(samples: Float64Array): number {
  const sorted = samples.toSorted()
  const least = sorted[0] ?? 0
  // A few bright vessels must not squeeze all others into one bin.
  const most = sorted[Math.floor(sorted.length * 0.995)] ?? 0
  const width = (most - least) / BINS || 1
  const counts = new Float64Array(BINS)
  for (const sample of samples) {
    const bin = Math.min(Math.floor((sample - least) / width), BINS - 1)
    counts[bin] = (counts[bin] ?? 0) + 1
  }
  const total = counts.reduce((sum, count, bin) => sum + count * bin, 0)
  let below = 0
  let sumBelow = 0
  let best = -1
  let split = 0
  counts.forEach((count, bin) => {
    below += count
    sumBelow += count * bin
    const above = samples.length - below
    if (below === 0 || above === 0) return
    const distance = sumBelow / below - (total - sumBelow) / above
    const variance = below * above * distance * distance
    if (variance > best) [best, split] = [variance, bin]
  })
  return least + (split + 1) * width
}

/** `share`: pieces count that have this share of the largest. */
function bodyAbove(
  { samples, rows, columns }: Frame,
  threshold: number,
  share: number,
): Uint8Array {
  const tissue = new Uint8Array(samples.length)
  for (let at = 0; at < tissue.length; at++) tissue[at] = (samples[at] ?? 0) > threshold ? 1 : 0
  return filled(largePieces(tissue, share, rows, columns), rows, columns)
}

function largePieces(tissue: Uint8Array, share: number, rows: number, columns: number): Uint8Array {
  const pieces = new Uint32Array(tissue.length)
  const sizes = [0]
  for (let start = 0; start < tissue.length; start++) {
    if (tissue[start] === 0 || pieces[start] !== 0) continue
    sizes.push(flood(tissue, 1, pieces, sizes.length, [start], rows, columns))
  }
  const least = Math.max(1, share * sizes.reduce((a, b) => Math.max(a, b)))
  return Uint8Array.from(pieces, (piece) => ((sizes[piece] ?? 0) >= least ? 1 : 0))
}

/** Air that cannot be reached from the edge is inside. */
function filled(body: Uint8Array, rows: number, columns: number): Uint8Array {
  const outside = new Uint32Array(body.length)
  for (let row = 0; row < rows; row++) {
    const isEdge = row === 0 || row === rows - 1
    for (let column = 0; column < columns; column += isEdge ? 1 : Math.max(columns - 1, 1)) {
      const at = row * columns + column
      if (body[at] === 0 && outside[at] === 0) flood(body, 0, outside, 1, [at], rows, columns)
    }
  }
  return Uint8Array.from(outside, (each) => (each === 0 ? 1 : 0))
}

/** Marks the neighbours of `stack` that have `wanted`; how many they are. */
function flood(
  image: Uint8Array,
  wanted: 0 | 1,
  marks: Uint32Array,
  mark: number,
  stack: number[],
  rows: number,
  columns: number,
): number {
  let size = 0
  for (const start of stack) marks[start] = mark
  const visit = (at: number) => {
    if (image[at] !== wanted || marks[at] !== 0) return
    marks[at] = mark
    stack.push(at)
  }
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    size++
    const column = at % columns
    if (column > 0) visit(at - 1)
    if (column < columns - 1) visit(at + 1)
    if (at >= columns) visit(at - columns)
    if (at < (rows - 1) * columns) visit(at + columns)
  }
  return size
}
