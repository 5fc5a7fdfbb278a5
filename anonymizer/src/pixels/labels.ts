/**
 * Pixels of a labelmap segmentation are numbers of its segments (PS3.3 C.8.20.2): whoever takes them as
 * indices without asking, as readers do, must not meet one that is not described. The background is 0 or
 * Pixel Padding Value (0028,0120).
 *
 * In: a file that the reader admitted. Throws DicomError DICOM_SEGMENTS, DICOM_TOO_LARGE before anything is
 * reserved for a frame, or DeidError DEID_PIXEL_CODEC for frames that cannot be decoded.
 */
import {
  type ByteSource,
  DicomError,
  type DicomFile,
  getItems,
  getNumber,
  getString,
} from '../dicom/index.ts'
import { decodedFrame, frameAlone, frameCountOf, frameShapeOf } from './frames/index.ts'
import type { FrameCodecs } from './model.ts'

const LABEL_MAP_STORAGE = '1.2.840.10008.5.1.4.1.1.66.7'
const [SEGMENTS, SEGMENT_NUMBER] = ['00620002', '00620004']
/** Sixteen times a slice of 2,048². */
const MAX_FRAME_BYTES = 64 * 1024 ** 2

export function checkLabels(
  input: Uint8Array | ByteSource,
  file: DicomFile,
  codecs: FrameCodecs,
): void {
  const { dataSet } = file
  const isLabelmap =
    getString(dataSet, '00620001') === 'LABELMAP' ||
    getString(dataSet, '00080016') === LABEL_MAP_STORAGE
  if (!isLabelmap) return
  const { bitsAllocated, samplesPerPixel, rows, columns } = frameShapeOf(dataSet)
  if (samplesPerPixel !== 1 || (bitsAllocated !== 8 && bitsAllocated !== 16)) {
    throw new DicomError('DICOM_SEGMENTS', 'a labelmap has one sample of 8 or 16 bits a pixel')
  }
  if ((rows * columns * bitsAllocated) / 8 > MAX_FRAME_BYTES) {
    throw new DicomError('DICOM_TOO_LARGE', 'a frame of the labelmap is too large')
  }
  const isKnown = new Uint8Array(2 ** bitsAllocated)
  isKnown[0] = 1
  const padding = getNumber(dataSet, '00280120')
  if (padding !== undefined) isKnown[padding] = 1
  for (const segment of getItems(dataSet, SEGMENTS)) {
    const number = getNumber(segment, SEGMENT_NUMBER) ?? -1
    if (number < 0 || number >= isKnown.length) {
      throw new DicomError('DICOM_SEGMENTS', `(${SEGMENT_NUMBER}) is no value of a pixel`)
    }
    isKnown[number] = 1
  }
  for (let number = 1; number <= frameCountOf(dataSet); number++) {
    const { file: alone, number: at } = frameAlone(file, input, number)
    const { bytes } = decodedFrame(alone.dataSet, alone.transferSyntaxUid, at, codecs)
    if (!areKnown(bytes, bitsAllocated, isKnown)) {
      throw new DicomError('DICOM_SEGMENTS', 'a pixel is of a segment that is not described')
    }
  }
}

/** Little endian, as files and decoders give them here. */
function areKnown(bytes: Uint8Array, bits: 8 | 16, isKnown: Uint8Array): boolean {
  if (bits === 8) return bytes.every((value) => isKnown[value] === 1)
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    if (isKnown[(bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256] !== 1) return false
  }
  return true
}
