/** Rearranges the samples of a frame: by pixel or by plane, in words of other sizes. */
import type { FrameShape } from '../model.ts'

/** Bytes of one native frame; samples of one bit are packed. */
export function frameByteLength(shape: FrameShape): number {
  return Math.ceil((shape.rows * shape.columns * shape.samplesPerPixel * shape.bitsAllocated) / 8)
}

/** Bytes of one sample as it is processed; 1 for packed bits. */
export function sampleBytesOf(shape: FrameShape): number {
  return Math.max(1, shape.bitsAllocated / 8)
}

/** Little endian words of `from` bytes in words of `to` bytes; a sign fills what is added. */
export function resizeWords(
  bytes: Uint8Array,
  from: number,
  to: number,
  isSigned: boolean,
): Uint8Array {
  if (from === to) return bytes
  const count = bytes.length / from
  const out = new Uint8Array(count * to)
  for (let at = 0; at < count; at++) {
    const isNegative = isSigned && ((bytes[at * from + from - 1] ?? 0) & 0x80) !== 0
    for (let byte = 0; byte < to; byte++) {
      const filler = isNegative ? 0xff : 0
      out[at * to + byte] = byte < from ? (bytes[at * from + byte] ?? 0) : filler
    }
  }
  return out
}

/** The frame by pixel (`toPlanar` false) or by plane. */
export function interleave(bytes: Uint8Array, shape: FrameShape, toPlanar: boolean): Uint8Array {
  const { samplesPerPixel, isPlanar } = shape
  if (samplesPerPixel === 1 || isPlanar === toPlanar) return bytes
  const size = sampleBytesOf(shape)
  const pixels = shape.rows * shape.columns
  const out = new Uint8Array(bytes.length)
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let sample = 0; sample < samplesPerPixel; sample++) {
      const byPixel = (pixel * samplesPerPixel + sample) * size
      const byPlane = (sample * pixels + pixel) * size
      const [from, to] = toPlanar ? [byPixel, byPlane] : [byPlane, byPixel]
      for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from + byte] ?? 0
    }
  }
  return out
}

export function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}
