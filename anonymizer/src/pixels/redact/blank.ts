/**
 * What a blanked sample holds: the darkest that the photometric interpretation has, in all bits of
 * the sample, so that old overlays beside the value (PS3.3 C.9.2) go too.
 *
 * Where there is no natural darkest number (signed and floating point samples) it is the darkest
 * sample of the frame outside the boxes: the type's minimum would stretch the range that viewers
 * show by, and some have a meaning for it. (0028,0120) is not used: it may be bright, and a box that
 * viewers leave out of their statistics would look as if it had never been measured.
 */
import { type DataSet, getNumber } from '../../dicom/index.ts'
import { sampleBytesOf } from '../codecs/layout.ts'
import { paletteOf } from '../frames/palette.ts'
import { sampleReader } from '../frames/samples.ts'
import type { Box, DecodedFrame, FrameShape } from '../model.ts'

/** The encoded sample of each component; of one bit: 0 or 1 in one byte. */
export function blankSamples(
  dataSet: DataSet,
  frame: DecodedFrame,
  boxes: readonly Box[],
): Uint8Array[] {
  const { shape } = frame
  const interpretation = shape.photometricInterpretation
  if (shape.samplesPerPixel === 3) {
    return blackOf(interpretation, shape).map((value) => encoded(value, shape))
  }
  if (interpretation === 'PALETTE COLOR') return [encoded(darkestEntry(dataSet), shape)]
  const isInverted = interpretation === 'MONOCHROME1'
  if (shape.isSigned || shape.isFloat) return [darkestSample(dataSet, frame, boxes, isInverted)]
  return [encoded(isInverted ? 2 ** shape.bitsStored - 1 : 0, shape)]
}

function blackOf(interpretation: string, { bitsStored }: FrameShape): number[] {
  const gray = 2 ** (bitsStored - 1)
  if (interpretation.startsWith('YBR_PARTIAL')) return [gray / 8, gray, gray]
  return interpretation.startsWith('YBR') ? [0, gray, gray] : [0, 0, 0]
}

function encoded(value: number, shape: FrameShape): Uint8Array {
  const bits = BigInt.asUintN(shape.bitsStored, BigInt(value))
  let word = bits << BigInt(shape.highBit + 1 - shape.bitsStored)
  return Uint8Array.from({ length: sampleBytesOf(shape) }, () => {
    const byte = Number(word & 0xffn)
    word >>= 8n
    return byte
  })
}

/** The stored value of the palette's darkest colour; 0 when the palette cannot be read. */
function darkestEntry(dataSet: DataSet): number {
  const palette = paletteOf(dataSet)
  if (palette === undefined) return 0
  const luma = (at: number) =>
    0.299 * (palette.red[at] ?? 0) +
    0.587 * (palette.green[at] ?? 0) +
    0.114 * (palette.blue[at] ?? 0)
  let darkest = 0
  for (let at = 1; at < palette.red.length; at++) if (luma(at) < luma(darkest)) darkest = at
  return palette.firstMapped + darkest
}

function darkestSample(
  dataSet: DataSet,
  frame: DecodedFrame,
  boxes: readonly Box[],
  isInverted: boolean,
): Uint8Array {
  const { bytes, shape } = frame
  const read = sampleReader(frame)
  const isBoxed = maskOf(boxes, shape)
  // All of it boxed: any sample of it will do.
  const isAllBoxed = isBoxed.every((each) => each === 1)
  let darkest: { index: number; value: number } | undefined
  for (let index = 0; index < isBoxed.length; index++) {
    if (isBoxed[index] === 1 && !isAllBoxed) continue
    const value = isInverted ? -read(index) : read(index)
    if (Number.isFinite(value) && (darkest === undefined || value < darkest.value)) {
      darkest = { index, value }
    }
  }
  const size = sampleBytesOf(shape)
  if (darkest === undefined) return new Uint8Array(size)
  if (!shape.isFloat && hasEmbeddedOverlay(dataSet)) return encoded(read(darkest.index), shape)
  // As it is, with its sign in the bits above the value or without, like its neighbours.
  return bytes.slice(darkest.index * size, (darkest.index + 1) * size)
}

function maskOf(boxes: readonly Box[], { rows, columns }: FrameShape): Uint8Array {
  const mask = new Uint8Array(rows * columns)
  for (const { left, top, width, height } of boxes) {
    for (let row = top; row < top + height; row++) {
      mask.fill(1, row * columns + left, row * columns + left + width)
    }
  }
  return mask
}

/** (60xx,0102) other than 0: the overlay's plane is a bit of the pixels. */
function hasEmbeddedOverlay(dataSet: DataSet): boolean {
  return [...dataSet.keys()].some(
    (tag) => /^60[0-9A-F]{2}0102$/.test(tag) && getNumber(dataSet, tag) !== 0,
  )
}
