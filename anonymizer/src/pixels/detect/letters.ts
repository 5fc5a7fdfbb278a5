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
const MIN_LARGE_EDGE = 0.45

export function looksLikeLetters(image: GrayImage, box: Box): boolean {
  const { median, frequent, steep } = edgesIn(image, box)
  if (median > MAX_MEDIAN_EDGE || frequent < MIN_FREQUENT_EDGE) return false
  return Math.min(box.width, box.height) < LARGE_PX || steep >= MIN_LARGE_EDGE
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
