/**
 * Blanks boxes in the pixels of an instance (PS3.15 E.3.1, Clean Pixel Data). Pure. In: a data set
 * with its pixel data in memory, and regions. Samples outside the boxes are what they were when
 * decoded. DEID_PIXEL_CODEC for all that cannot be done.
 */
import { dataSet as buildDataSet, type DataSet } from '../../dicom/index.ts'
import { frameCountOf, frameShapeOf } from '../frames/shape.ts'
import type { FrameCodecs, Region } from '../model.ts'
import { blankSamples } from './blank.ts'
import { type BoxesByFrame, boxesByFrame } from './boxes.ts'
import { changeFrames, type Redactable, withCodes } from './change.ts'
import { fillBoxes } from './fill.ts'
import type { FrameChange } from './frame-change.ts'
import { redactOverlays } from './overlays.ts'

export { changeFrames, type Redactable } from './change.ts'

/** The very data set when there is nothing to blank. */
export function redactPixels(
  image: Redactable & { readonly regions: readonly Region[]; readonly codecs: FrameCodecs },
): Redactable {
  const { dataSet, transferSyntaxUid, regions } = image
  if (regions.length === 0) return { dataSet, transferSyntaxUid }
  return withCodes(() => {
    const boxes = boxesByFrame(regions, frameShapeOf(dataSet), frameCountOf(dataSet))
    const blanked = changeFrames({ ...image, change: blankIn(dataSet, boxes) })
    const overlays = redactOverlays(dataSet, boxes)
    const gone = new Set(overlays.removed)
    const kept = [...blanked.dataSet.values()].filter(({ tag }) => !gone.has(tag))
    return { ...blanked, dataSet: buildDataSet([...kept, ...overlays.elements]) }
  })
}

function blankIn(dataSet: DataSet, boxes: BoxesByFrame): FrameChange {
  return {
    touches: (number) => boxes.has(number),
    apply: (frame, number) => {
      const own = boxes.get(number) ?? []
      fillBoxes(frame, own, blankSamples(dataSet, frame, own))
      return frame
    },
  }
}
