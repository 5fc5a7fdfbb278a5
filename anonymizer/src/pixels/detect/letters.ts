/**
 * What the network takes for text and is none: noise, and parts of the body in the shape of letters.
 * Figures of the limits: docs/decisions/0010-text-detection.md.
 */
import type { Box, GrayImage } from '../model.ts'

/** In letters most pixels lie on even ground or within a stroke; in noise every pixel is an edge. */
const MAX_MEDIAN_EDGE = 0.3
/** Strokes lie close together; a bar, or a box that was blanked, has edges at its border only. */
const MIN_FREQUENT_EDGE = 0.2
/** Edges of large letters are as high as the letters' contrast; those of the body are soft. */
const LARGE_PX = 45
const MIN_LARGE_EDGE = 0.6
/** Strokes that a line across the box meets while it goes on by the box's height. */
const MIN_STROKES = 0.85
/** What is steep for a stroke: a part of the range, and gray levels. */
const STROKE_PART = 0.2
const MIN_STROKE = 20
/** Wider is no stroke. */
const MAX_STROKE_PX = 16

export function looksLikeLetters(image: GrayImage, box: Box): boolean {
  const { median, frequent, steep, range } = edgesIn(image, box)
  if (median > MAX_MEDIAN_EDGE || frequent < MIN_FREQUENT_EDGE) return false
  if (Math.min(box.width, box.height) >= LARGE_PX && steep < MIN_LARGE_EDGE) return false
  return strokesAlong(image, box, Math.max(MIN_STROKE, STROKE_PART * range)) >= MIN_STROKES
}

/** Along its longer side, edges that are followed by one the other way; per square of the box. */
function strokesAlong({ width, pixels }: GrayImage, box: Box, edge: number): number {
  const isUpright = box.height > box.width * 2
  const [length, lines] = isUpright ? [box.height, box.width] : [box.width, box.height]
  const [along, across] = isUpright ? [width, 1] : [1, width]
  let strokes = 0
  for (let line = 0; line < lines; line++) {
    const start = box.top * width + box.left + line * across
    let last = Number.NEGATIVE_INFINITY
    let wasRise = false
    for (let place = 1; place < length - 1; place++) {
      const at = start + place * along
      const step = (pixels[at + along] ?? 0) - (pixels[at - along] ?? 0)
      if (step < edge && step > -edge) continue
      const isRise = step > 0
      if (isRise !== wasRise && place - last < MAX_STROKE_PX) strokes++
      last = place
      wasRise = isRise
    }
  }
  return strokes / length
}

/** Differences across two pixels, as parts of the range of gray in the box. */
function edgesIn(image: GrayImage, box: Box) {
  const { width, pixels } = image
  const grays = new Uint32Array(256)
  const edges = new Uint32Array(256)
  const right = Math.min(box.left + box.width, width - 1)
  const bottom = Math.min(box.top + box.height, image.height - 1)
  for (let y = Math.max(1, box.top); y < bottom; y++) {
    for (let x = Math.max(1, box.left), at = y * width + x; x < right; x++, at++) {
      const across = Math.abs((pixels[at + 1] ?? 0) - (pixels[at - 1] ?? 0))
      const down = Math.abs((pixels[at + width] ?? 0) - (pixels[at - width] ?? 0))
      count(grays, pixels[at] ?? 0)
      count(edges, Math.max(across, down))
    }
  }
  const range = Math.max(1, quantile(grays, 0.99) - quantile(grays, 0.01))
  return {
    range,
    median: quantile(edges, 0.5) / range,
    frequent: quantile(edges, 0.9) / range,
    steep: quantile(edges, 0.97) / range,
  }
}

function count(histogram: Uint32Array, value: number): void {
  histogram[value] = (histogram[value] ?? 0) + 1
}

function quantile(histogram: Uint32Array, part: number): number {
  const wanted = part * histogram.reduce((sum, each) => sum + each, 0)
  let sum = 0
  for (const [value, each] of histogram.entries()) {
    sum += each
    if (sum > wanted) return value
  }
  return 255
}
