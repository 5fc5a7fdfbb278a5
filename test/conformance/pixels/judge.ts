/**
 * What the detector found against what was planted. A region counts as covered when 99 % of its
 * glyph pixels or more lie within boxes.
 */
import type { Box } from '@pandok/anonymizer'
import type { GrayImage } from '@pandok/anonymizer/pixels'
import type { PlantedFrame, PlantedRegion } from './planted.ts'

const COVERED = 0.99

export function isCovered(region: PlantedRegion, boxes: readonly Box[], width: number): boolean {
  const inside = region.glyphs.reduce((count, at) => {
    const x = at % width
    const y = (at - x) / width
    return count + (boxes.some((box) => contains(box, x, y)) ? 1 : 0)
  }, 0)
  return inside >= COVERED * region.glyphs.length
}

/** Whether a box lies on any planted string. */
export function isOnText(box: Box, { regions }: PlantedFrame): boolean {
  return regions.some(
    ({ box: text }) =>
      box.left < text.left + text.width &&
      text.left < box.left + box.width &&
      box.top < text.top + text.height &&
      text.top < box.top + box.height,
  )
}

/** As redaction leaves it: one value in each box. */
export function blanked(image: GrayImage, boxes: readonly Box[]): GrayImage {
  const pixels = image.pixels.slice()
  for (const { left, top, width, height } of boxes) {
    for (let y = top; y < top + height; y++) {
      pixels.fill(0, y * image.width + left, y * image.width + left + width)
    }
  }
  return { ...image, pixels }
}

function contains(box: Box, x: number, y: number): boolean {
  return x >= box.left && x < box.left + box.width && y >= box.top && y < box.top + box.height
}
