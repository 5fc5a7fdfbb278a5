/**
 * How many strokes cross each cell of a frame: the sign that there may be letters, at a hundredth of
 * the network's cost. In: gray pixels. Out: counts on a grid of cells.
 *
 * A stroke is a steep edge that is followed, along its row, by one the other way. Edges are steep
 * that rise out of the noise around them.
 */
import type { GrayImage } from '../model.ts'

export interface StrokeMap {
  readonly columns: number
  readonly rows: number
  readonly counts: Uint16Array
}

export const CELL_PX = 16

/** Gray levels across two pixels; promised are letters that differ from their ground by 40. */
const MIN_EDGE = 28
/** Times the median difference around; 3.5 of them are twice the deviation of noise. */
const EDGE_TO_UNREST = 3.5
/** Squares whose unrest is measured: larger than most of what is written. */
const AROUND_PX = 64
/** Wider is no stroke of a letter. */
const MAX_STROKE_PX = 16

export function strokesIn(image: GrayImage): StrokeMap {
  const { width, height, pixels } = image
  const [columns, rows] = [Math.ceil(width / CELL_PX), Math.ceil(height / CELL_PX)]
  const counts = new Uint16Array(columns * rows)
  const { edges, columns: squares } = steepEdges(image)
  for (let y = 0; y < height; y++) {
    const row = y * width
    const cells = Math.floor(y / CELL_PX) * columns
    const around = Math.floor(y / AROUND_PX) * squares
    let last = Number.NEGATIVE_INFINITY
    let wasRise = false
    for (let x = 1; x < width - 1; x++) {
      const step = (pixels[row + x + 1] ?? 0) - (pixels[row + x - 1] ?? 0)
      if (step < MIN_EDGE && step > -MIN_EDGE) continue
      const edge = edges[around + Math.floor(x / AROUND_PX)] ?? 0
      if (step < edge && step > -edge) continue
      const isRise = step > 0
      if (isRise !== wasRise && x - last <= MAX_STROKE_PX) {
        const cell = cells + Math.floor(x / CELL_PX)
        counts[cell] = (counts[cell] ?? 0) + 1
      }
      last = x
      wasRise = isRise
    }
  }
  return { columns, rows, counts }
}

/** What another map of the same frame does not show. */
export function beyond(map: StrokeMap, other: StrokeMap | undefined): StrokeMap {
  if (other === undefined) return map
  return {
    ...map,
    counts: map.counts.map((each, at) => Math.max(0, each - (other.counts[at] ?? 0))),
  }
}

/** What counts as steep in each square of the frame. */
function steepEdges({ width, height, pixels }: GrayImage) {
  const [columns, rows] = [Math.ceil(width / AROUND_PX), Math.ceil(height / AROUND_PX)]
  const edges = new Uint16Array(columns * rows)
  const steps = new Uint32Array(256)
  for (let square = 0; square < edges.length; square++) {
    const left = Math.max(1, (square % columns) * AROUND_PX)
    const right = Math.min(width - 1, ((square % columns) + 1) * AROUND_PX)
    const top = Math.floor(square / columns) * AROUND_PX
    const bottom = Math.min(height, top + AROUND_PX)
    steps.fill(0)
    let all = 0
    // Every other row and pixel tell enough.
    for (let y = top; y < bottom; y += 2) {
      for (let x = left; x < right; x += 2) {
        const at = y * width + x
        const step = Math.abs((pixels[at + 1] ?? 0) - (pixels[at - 1] ?? 0))
        steps[step] = (steps[step] ?? 0) + 1
        all++
      }
    }
    let median = 0
    for (let sum = steps[0] ?? 0; sum * 2 <= all && median < 255; ) sum += steps[++median] ?? 0
    edges[square] = Math.max(MIN_EDGE, EDGE_TO_UNREST * median)
  }
  return { edges, columns }
}
