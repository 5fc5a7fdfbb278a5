/**
 * Changes samples of some frames, in native and encapsulated transfer syntaxes. Pure. In: a data set
 * with its pixel data in memory. Out: a data set in the same transfer syntax, the lossless one of its
 * family, or native explicit VR little endian. DEID_PIXEL_CODEC for all that cannot be done.
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
import type { FrameCodecs } from '../model.ts'
import { changeEncapsulated, lossyFlag } from './encapsulated.ts'
import type { FrameChange, Stored } from './frame-change.ts'
import { changeNative } from './native.ts'

export interface Redactable {
  readonly dataSet: DataSet
  readonly transferSyntaxUid: string
}

const ICON_IMAGE_SEQUENCE = '00880200'
/**
 * Smallest and largest value of the image are of what is gone, perhaps; offset tables of frames
 * point where nothing is any more.
 */
const NO_LONGER_TRUE: ReadonlySet<Tag> = new Set(['00280106', '00280107', '7FE00001', '7FE00002'])

export function changeFrames({
  dataSet,
  transferSyntaxUid,
  change,
  codecs,
}: Redactable & { readonly change: FrameChange; readonly codecs: FrameCodecs }): Redactable {
  return withCodes(() => {
    const stored: Stored = isEncapsulated(transferSyntaxUid)
      ? changeEncapsulated(dataSet, transferSyntaxUid, change, codecs)
      : { transferSyntaxUid, elements: [changeNative(dataSet, transferSyntaxUid, change)] }
    const flag = lossyFlag(dataSet, transferSyntaxUid)
    const kept = [...withoutIcons(dataSet).values()].filter(({ tag }) => !NO_LONGER_TRUE.has(tag))
    return {
      transferSyntaxUid: stored.transferSyntaxUid,
      dataSet: buildDataSet([...kept, ...stored.elements, ...(flag === undefined ? [] : [flag])]),
    }
  })
}

/** What cannot be read in the header is refused as what cannot be decoded. */
export function withCodes<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return refuse('the image header cannot be read')
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
