/**
 * Where each frame of the pixel data lies in the file, so that it can be read without parsing.
 *
 * In: a file that the reader admitted, and its bytes. Out: one place for each frame, offsets counted
 * from the start of the file.
 */
import { getNumber } from './access.ts'
import { DicomError } from './errors.ts'
import { extendedLengths, fragmentsByFrame } from './fragments.ts'
import type { DicomFile } from './model.ts'
import { nativeFrameBits, pixelElementsOf } from './pixel-length.ts'

/** Bytes [offset, offset + length) of the file. */
export type ByteRange = readonly [offset: number, length: number]

/**
 * | form | frame |
 * |---|---|
 * | [offset, length] | these bytes |
 * | [offset, length, bit, bits] | native, not on a byte's border: of these bytes `bits` bits, from bit `bit` of the first on, 0 the lowest (PS3.5 8.1.1) |
 * | [[offset, length], …] | encapsulated: two or more fragments, joined (PS3.5 A.4) |
 */
export type FramePlace =
  | ByteRange
  | readonly [offset: number, length: number, bit: number, bits: number]
  | readonly ByteRange[]

/** `bytes`: the very bytes that `file` was read from. DICOM_FRAMES when a frame cannot be told. */
export function framePlaces(bytes: Uint8Array, file: DicomFile): FramePlace[] {
  const { dataSet, transferSyntaxUid } = file
  const [pixels] = pixelElementsOf(dataSet)
  if (pixels === undefined) return []
  const count = getNumber(dataSet, '00280008') ?? 1
  if (pixels.kind === 'fragments') {
    const lengths = extendedLengths(dataSet, count)
    return fragmentsByFrame(pixels, dataSet, transferSyntaxUid, count).map((fragments, at) =>
      encapsulatedPlace(
        fragments.map((part) => [part.byteOffset - bytes.byteOffset, part.length]),
        lengths?.[at],
      ),
    )
  }
  if (pixels.kind !== 'value') throw new DicomError('DICOM_PIXEL_LENGTH', 'no pixel bytes')
  if (pixels.bytes.buffer !== bytes.buffer) {
    throw new DicomError('DICOM_TRANSFER_SYNTAX', 'its frames cannot be read from where they are')
  }
  const start = pixels.bytes.byteOffset - bytes.byteOffset
  const bits = nativeFrameBits(dataSet, pixels.tag)
  return Array.from({ length: count }, (_, at) => nativePlace(start, bits, at, count))
}

/** `length`: what the Extended Offset Table says of it; anything but the padding is a contradiction. */
function encapsulatedPlace(ranges: readonly ByteRange[], length: number | undefined): FramePlace {
  const [first, second] = ranges
  if (first === undefined || ranges.every(([, bytes]) => bytes === 0)) {
    throw new DicomError('DICOM_FRAMES', 'a frame has no byte')
  }
  if (second !== undefined) return ranges
  return length === first[1] - 1 ? [first[0], length] : first
}

function nativePlace(start: number, bits: number, at: number, count: number): FramePlace {
  const before = at * bits
  const offset = start + Math.floor(before / 8)
  const bit = before % 8
  const length = Math.ceil((bit + bits) / 8)
  // Behind the last frame there is only padding.
  const isWhole = bit === 0 && (bits % 8 === 0 || at === count - 1)
  return isWhole ? [offset, length] : [offset, length, bit, bits]
}
