/**
 * Blanks boxes in the pixels of an instance (PS3.15 E.3.1, Clean Pixel Data), in native and
 * encapsulated transfer syntaxes. Pure. In: a data set with its pixel data in memory, and regions.
 * Out: a data set in the same transfer syntax, the lossless one of its family, or native explicit VR
 * little endian. Samples outside the boxes are what they were when decoded. DEID_PIXEL_CODEC for
 * all that cannot be done.
 */
import {
  dataSet as buildDataSet,
  type DataSet,
  DicomError,
  isEncapsulated,
  sequence,
  type Tag,
} from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import { frameCountOf, frameShapeOf } from '../frames/shape.ts'
import type { FrameCodecs, Region } from '../model.ts'
import { boxesByFrame } from './boxes.ts'
import { lossyFlag, redactEncapsulated, type Stored } from './encapsulated.ts'
import { redactNative } from './native.ts'
import { redactOverlays } from './overlays.ts'

export interface Redactable {
  readonly dataSet: DataSet
  readonly transferSyntaxUid: string
}

const ICON_IMAGE_SEQUENCE = '00880200'
/**
 * Smallest and largest value of the image are of what is gone, perhaps; offset tables of frames
 * point where nothing is any more.
 */
const NO_LONGER_TRUE: readonly Tag[] = ['00280106', '00280107', '7FE00001', '7FE00002']

/** The very data set when there is nothing to blank. */
export function redactPixels(
  image: Redactable & { readonly regions: readonly Region[]; readonly codecs: FrameCodecs },
): Redactable {
  const { dataSet, transferSyntaxUid, regions } = image
  if (regions.length === 0) return { dataSet, transferSyntaxUid }
  try {
    return redact(image)
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return refuse('the image header cannot be read')
  }
}

function redact({
  dataSet,
  transferSyntaxUid,
  regions,
  codecs,
}: Redactable & { regions: readonly Region[]; codecs: FrameCodecs }): Redactable {
  const boxes = boxesByFrame(regions, frameShapeOf(dataSet), frameCountOf(dataSet))
  const stored: Stored = isEncapsulated(transferSyntaxUid)
    ? redactEncapsulated(dataSet, transferSyntaxUid, boxes, codecs)
    : { transferSyntaxUid, elements: [redactNative(dataSet, transferSyntaxUid, boxes)] }
  const overlays = redactOverlays(dataSet, boxes)
  const flag = lossyFlag(dataSet, transferSyntaxUid)
  const gone = new Set([...NO_LONGER_TRUE, ...overlays.removed])
  const kept = [...withoutIcons(dataSet).values()].filter(({ tag }) => !gone.has(tag))
  return {
    transferSyntaxUid: stored.transferSyntaxUid,
    dataSet: buildDataSet([
      ...kept,
      ...stored.elements,
      ...overlays.elements,
      ...(flag === undefined ? [] : [flag]),
    ]),
  }
}

/** Small copies of the image, at any level (PS3.3 C.7.6.1.1.6). */
function withoutIcons(dataSet: DataSet): DataSet {
  const kept = [...dataSet.values()].filter(({ tag }) => tag !== ICON_IMAGE_SEQUENCE)
  return buildDataSet(
    kept.map((element) =>
      element.kind === 'sequence' && element.items.length > 0
        ? sequence(element.tag, element.items.map(withoutIcons))
        : element,
    ),
  )
}
