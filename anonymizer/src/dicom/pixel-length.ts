/** Pixel data must hold exactly the frames that the header declares (PS3.3 C.7.6.3, PS3.5 8). */
import { DicomError } from './errors.ts'
import type { DataSet, Element, Tag } from './model.ts'
import { bytesIn } from './stored.ts'
import { textOf } from './text-of.ts'
import { isEncapsulated } from './transfer-syntax.ts'

const PIXEL_DATA = '7FE00010'
const FLOAT_PIXEL_DATA = '7FE00008'
const DOUBLE_FLOAT_PIXEL_DATA = '7FE00009'
/** The attributes that hold pixels; an image has one of them (PS3.3 C.7.6.3, C.7.6.24, C.7.6.25). */
const PIXELS: readonly Tag[] = [PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA]

/** DICOM_FRAMES or DICOM_PIXEL_LENGTH. Nothing is allocated for frames before this agreed. */
export function checkPixelData(
  dataSet: DataSet,
  transferSyntaxUid: string,
  maxFrames: number,
): void {
  const declared = dataSet.get('00280008')
  const text = textOf(declared)
  const frames = declared === undefined || text === '' ? 1 : Number(text)
  const isCount = declared === undefined || declared.vr === 'IS'
  if (!isCount || !Number.isInteger(frames) || frames < 1 || frames > maxFrames) {
    throw new DicomError('DICOM_FRAMES', '(0028,0008) is not a possible number of frames')
  }
  const [pixels, other] = pixelElementsOf(dataSet)
  if (pixels === undefined) return
  if (other !== undefined) {
    throw new DicomError(
      'DICOM_PIXEL_LENGTH',
      `(${pixels.tag}) and (${other.tag}) both hold pixels`,
    )
  }
  const fragments = fragmentsIn(pixels)
  if (isEncapsulated(transferSyntaxUid)) {
    if (fragments === undefined) {
      throw new DicomError('DICOM_PIXEL_LENGTH', 'the pixel data should be encapsulated')
    }
    if (fragments < frames) {
      throw new DicomError('DICOM_FRAMES', 'there are fewer fragments than frames')
    }
    return
  }
  const length = nativeLength(pixels)
  if (length === undefined) {
    throw new DicomError('DICOM_PIXEL_LENGTH', 'the pixel data should not be encapsulated')
  }
  const bits = frames * nativeFrameBits(dataSet, pixels.tag)
  const expected = Math.ceil(bits / 8)
  // Some leave the last byte unpadded.
  if (bits === 0 || (length !== expected && length !== expected + (expected % 2))) {
    throw new DicomError(
      'DICOM_PIXEL_LENGTH',
      `(${pixels.tag}) does not hold what the header declares`,
    )
  }
}

/** The elements at top level that hold pixels; of a file that was admitted, one at most. */
export function pixelElementsOf(dataSet: DataSet): Element[] {
  return PIXELS.flatMap((tag) => dataSet.get(tag) ?? [])
}

/** Bits of one native frame; 0 when the header does not say. */
export function nativeFrameBits(dataSet: DataSet, tag: Tag): number {
  const pixels = shortOf(dataSet.get('00280010')) * shortOf(dataSet.get('00280011'))
  // Of these the depth is fixed, whatever (0028,0100) says.
  if (tag === FLOAT_PIXEL_DATA) return pixels * 32
  if (tag === DOUBLE_FLOAT_PIXEL_DATA) return pixels * 64
  // Chrominance of two neighbours is stored once (PS3.3 C.7.6.3.1.2).
  const colours = dataSet.get('00280004')
  const isHalved = colours?.vr === 'CS' && textOf(colours) === 'YBR_FULL_422'
  const samples = isHalved ? 2 : shortOf(dataSet.get('00280002'))
  return pixels * samples * shortOf(dataSet.get('00280100'))
}

/** How many fragments; undefined: not encapsulated. */
function fragmentsIn(pixels: Element): number | undefined {
  if (pixels.kind === 'fragments') return pixels.fragments.length
  if (pixels.kind !== 'stored' || pixels.offsetTable === undefined) return undefined
  return pixels.spans.length
}

/** Bytes of the value; undefined: not native. */
function nativeLength(pixels: Element): number | undefined {
  if (pixels.kind === 'value') return pixels.bytes.length
  if (pixels.kind !== 'stored' || pixels.offsetTable !== undefined) return undefined
  return bytesIn(pixels.spans)
}

function shortOf(element: Element | undefined): number {
  // Of another VR it would not be what it is taken for when the file is cleaned.
  if (element?.kind !== 'value' || element.vr !== 'US' || element.bytes.length < 2) return 0
  return (element.bytes[0] ?? 0) + (element.bytes[1] ?? 0) * 256
}
