/** Where each frame of the pixel data lies in the file, so that it can be read without parsing. */
import { getNumber } from './access.ts'
import { DicomError } from './errors.ts'
import type { DicomFile } from './model.ts'

export interface FrameRange {
  readonly offset: number
  readonly length: number
}

/**
 * Offsets from the start of `bytes`, the very bytes that `file` was read from. Native frames must
 * end on a byte; encapsulated ones must have one fragment each. DICOM_FRAMES otherwise.
 */
export function frameRanges(bytes: Uint8Array, file: DicomFile): FrameRange[] {
  const pixels = file.dataSet.get('7FE00010')
  if (pixels === undefined) return []
  const frames = getNumber(file.dataSet, '00280008') ?? 1
  if (pixels.kind === 'fragments') {
    if (pixels.fragments.length !== frames) {
      throw new DicomError('DICOM_FRAMES', 'a frame of several fragments is not read here yet')
    }
    return pixels.fragments.map((fragment) => ({
      offset: fragment.byteOffset - bytes.byteOffset,
      length: fragment.length,
    }))
  }
  if (pixels.kind !== 'value') throw new DicomError('DICOM_PIXEL_LENGTH', 'no pixel bytes')
  if (pixels.bytes.buffer !== bytes.buffer) {
    throw new DicomError('DICOM_TRANSFER_SYNTAX', 'its frames cannot be read from where they are')
  }
  const bits =
    (getNumber(file.dataSet, '00280010') ?? 0) *
    (getNumber(file.dataSet, '00280011') ?? 0) *
    (getNumber(file.dataSet, '00280002') ?? 0) *
    (getNumber(file.dataSet, '00280100') ?? 0)
  if (bits % 8 !== 0 && frames > 1) {
    throw new DicomError('DICOM_FRAMES', 'frames that do not end on a byte are not read here yet')
  }
  const length = Math.ceil(bits / 8)
  const start = pixels.bytes.byteOffset - bytes.byteOffset
  return Array.from({ length: frames }, (_, at) => ({ offset: start + at * length, length }))
}
