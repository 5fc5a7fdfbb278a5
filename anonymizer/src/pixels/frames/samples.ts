/** Samples of one component as numbers: sign extended, old overlays beside the value cut off. */
import type { DecodedFrame, FrameShape } from '../model.ts'

/** Index of a sample in a frame's samples; colour by pixel or by plane. */
export function sampleIndex(shape: FrameShape, pixel: number, component: number): number {
  return shape.isPlanar
    ? component * shape.rows * shape.columns + pixel
    : pixel * shape.samplesPerPixel + component
}

/** The sample at an index of a frame of whole bytes, as a number. */
export function sampleReader({ bytes, shape }: DecodedFrame): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (shape.isFloat) {
    return shape.bitsAllocated === 64
      ? (index) => view.getFloat64(index * 8, true)
      : (index) => view.getFloat32(index * 4, true)
  }
  const shift = shape.highBit + 1 - shape.bitsStored
  const range = 2 ** shape.bitsStored
  const word = wordReader(view, shape.bitsAllocated)
  return (index) => {
    const value = Math.floor(word(index) / 2 ** shift) % range
    return shape.isSigned && value >= range / 2 ? value - range : value
  }
}

function wordReader(view: DataView, bitsAllocated: number): (index: number) => number {
  switch (bitsAllocated) {
    case 1:
      return (index) => (view.getUint8(index >> 3) >> (index & 7)) & 1
    case 8:
      return (index) => view.getUint8(index)
    case 16:
      return (index) => view.getUint16(index * 2, true)
    case 32:
      return (index) => view.getUint32(index * 4, true)
    default:
      // Beyond 2^53 neighbours fall together: good enough to look at and to compare.
      return (index) => Number(view.getBigUint64(index * 8, true))
  }
}
