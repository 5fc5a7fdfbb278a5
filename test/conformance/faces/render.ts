/** What is seen of a stack from the front: how far the first tissue is, line by line. */
import type { Modality, PlaneName, Slice } from './head.ts'

/** Stored values above are tissue. */
const SURFACE: Readonly<Record<Modality, number>> = { CT: 724, MR: 100 }

export interface DepthMap {
  readonly width: number
  readonly height: number
  /** In mm from the front edge of the frames; NaN: nothing is hit. */
  readonly depths: Float64Array
}

/** Lines run along the rows of axial slices and along the columns of sagittal ones. */
export function renderFront(
  slices: readonly Slice[],
  frames: readonly Uint8Array[],
  { modality, plane, pixelMm }: { modality: Modality; plane: PlaneName; pixelMm: number },
): DepthMap {
  const [first] = slices
  const size = first?.columns ?? 0
  const depths = new Float64Array(size * slices.length).fill(Number.NaN)
  frames.forEach((frame, k) => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    for (let line = 0; line < size; line++) {
      for (let step = 0; step < size; step++) {
        const at = plane === 'axial' ? step * size + line : line * size + step
        if (view.getUint16(at * 2, true) <= SURFACE[modality]) continue
        depths[k * size + line] = step * pixelMm
        break
      }
    }
  })
  return { width: size, height: slices.length, depths }
}

/** What sets each map apart from the mean of all, where any differs; nothing hit counts as far. */
export function featuresOf(maps: readonly DepthMap[], where: readonly number[]): Float64Array[] {
  const FAR_MM = 256
  const depth = (map: DepthMap, at: number) => {
    const found = map.depths[at] ?? Number.NaN
    return Number.isNaN(found) ? FAR_MM : found
  }
  const means = where.map((at) => maps.reduce((sum, map) => sum + depth(map, at), 0) / maps.length)
  return maps.map((map) => Float64Array.from(where, (at, i) => depth(map, at) - (means[i] ?? 0)))
}

/** Lines at the front on which originals differ by more than `leastMm` (standard deviation). */
export function facialLines(maps: readonly DepthMap[], leastMm: number): number[] {
  /** From the tip of the nose to the cheeks: beside them a line slips off at the least move. */
  const DEEPEST_MM = 60
  const all = Array.from({ length: maps[0]?.depths.length ?? 0 }, (_, at) => at)
  const nearest = Math.min(
    ...maps.map(({ depths }) => depths.reduce((a, b) => (b < a ? b : a), Infinity)),
  )
  const hit = all.filter((at) =>
    maps.every(({ depths }) => (depths[at] ?? Number.NaN) < nearest + DEEPEST_MM),
  )
  const features = featuresOf(maps, hit)
  return hit.filter((_, i) => {
    const squares = features.reduce((sum, each) => sum + (each[i] ?? 0) ** 2, 0)
    return Math.sqrt(squares / maps.length) > leastMm
  })
}

/** 0 where one of them does not vary. */
export function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array) => values.reduce((sum, each) => sum + each, 0) / values.length
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  a.forEach((each, at) => {
    const [da, db] = [each - ma, (b[at] ?? 0) - mb]
    ab += da * db
    aa += da * da
    bb += db * db
  })
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb)
}

/** The share of probes whose likest of the gallery is their own; where several are alike, in part. */
export function identified(
  gallery: readonly Float64Array[],
  probes: readonly Float64Array[],
): number {
  const shares = probes.map((probe, own) => {
    const scores = gallery.map((each) => correlation(each, probe))
    const best = Math.max(...scores)
    const alike = scores.filter((score) => score >= best - 1e-12).length
    return (scores[own] ?? -1) >= best - 1e-12 ? 1 / alike : 0
  })
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}
