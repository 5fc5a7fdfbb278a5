/** Which boxes each frame loses, checked and clipped to the image. Frames count from 1. */
import { refuse } from '../codecs/refuse.ts'
import type { Box, FrameShape, Region } from '../model.ts'

export type BoxesByFrame = ReadonlyMap<number, readonly Box[]>

/** A region that cannot be meant as it stands is refused: nothing may be missed in silence. */
export function boxesByFrame(
  regions: readonly Region[],
  shape: FrameShape,
  frameCount: number,
): BoxesByFrame {
  const boxes = new Map<number, Box[]>()
  for (const region of regions) {
    const box = clipped(region, shape)
    const frames =
      region.frames === 'all'
        ? Array.from({ length: frameCount }, (_, at) => at + 1)
        : region.frames
    if (frames.length === 0) refuse('a region names no frame')
    for (const frame of frames) {
      if (!Number.isInteger(frame) || frame < 1 || frame > frameCount) {
        refuse('a region names a frame that is not there')
      }
      const known = boxes.get(frame)
      if (known === undefined) boxes.set(frame, [box])
      else known.push(box)
    }
  }
  return boxes
}

function clipped({ left, top, width, height }: Box, { rows, columns }: FrameShape): Box {
  const isWhole = [left, top, width, height].every((each) => Number.isSafeInteger(each))
  if (!isWhole || width < 1 || height < 1) refuse('a region is no box of whole pixels')
  const right = Math.min(columns, left + width)
  const bottom = Math.min(rows, top + height)
  const box = { left: Math.max(0, left), top: Math.max(0, top) }
  if (right <= box.left || bottom <= box.top) refuse('a region lies outside the image')
  return { ...box, width: right - box.left, height: bottom - box.top }
}
