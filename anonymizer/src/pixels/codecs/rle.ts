/**
 * RLE Lossless (PS3.5 annex G). A frame is a header of sixteen numbers, then one segment for each
 * byte of a sample: the most significant first, one component after the other. In and out: frames
 * as little endian samples; decoding gives colour by plane, which is how the segments are.
 */
import { refuse } from './refuse.ts'

const HEADER_BYTES = 64
const MAX_SEGMENTS = 15

/** `planeBytes`: bytes of one segment, unpacked. `sampleBytes`: bytes of a sample. */
export interface RleLayout {
  readonly planeBytes: number
  readonly sampleBytes: number
  readonly samplesPerPixel: number
}

export function decodeRle(encoded: Uint8Array, layout: RleLayout): Uint8Array {
  const { planeBytes, sampleBytes, samplesPerPixel } = layout
  const count = sampleBytes * samplesPerPixel
  if (encoded.length < HEADER_BYTES) refuse('an RLE frame is shorter than its header')
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  if (view.getUint32(0, true) !== count) refuse('an RLE frame has another number of segments')
  const offsets = Array.from({ length: count }, (_, at) => view.getUint32(4 + at * 4, true))
  offsets.push(encoded.length)
  const out = new Uint8Array(planeBytes * count)
  for (let segment = 0; segment < count; segment++) {
    const start = offsets[segment] ?? 0
    const end = offsets[segment + 1] ?? 0
    const isInside = start >= HEADER_BYTES && start <= end && end <= encoded.length
    if (!isInside) refuse('an RLE segment lies outside its frame')
    const component = Math.floor(segment / sampleBytes)
    const significance = sampleBytes - 1 - (segment % sampleBytes)
    const first = component * planeBytes * sampleBytes + significance
    unpack(encoded.subarray(start, end), out, first, sampleBytes, planeBytes)
  }
  return out
}

/** PackBits: what follows a filled segment is padding; a segment that ends early is refused. */
function unpack(
  packed: Uint8Array,
  out: Uint8Array,
  first: number,
  step: number,
  count: number,
): void {
  let at = 0
  let done = 0
  while (done < count) {
    const control = packed[at++]
    if (control === undefined) refuse('an RLE segment ends too early')
    if (control === 128) continue
    const isRun = control > 128
    const length = isRun ? 257 - control : control + 1
    if (done + length > count) refuse('an RLE segment is longer than the frame')
    if (at + (isRun ? 1 : length) > packed.length) refuse('an RLE segment ends too early')
    for (let i = 0; i < length; i++, done++) {
      out[first + done * step] = packed[isRun ? at : at + i] ?? 0
    }
    at += isRun ? 1 : length
  }
}

/** `bytes`: colour by plane. `rowBytes`: no run or literal crosses the end of a row (G.3.1). */
export function encodeRle(bytes: Uint8Array, layout: RleLayout, rowBytes: number): Uint8Array {
  const { planeBytes, sampleBytes, samplesPerPixel } = layout
  const count = sampleBytes * samplesPerPixel
  if (count > MAX_SEGMENTS) refuse('an RLE frame cannot have so many segments')
  const header = new DataView(new ArrayBuffer(HEADER_BYTES))
  header.setUint32(0, count, true)
  const parts: Uint8Array[] = [new Uint8Array(header.buffer)]
  let length = HEADER_BYTES
  const plane = new Uint8Array(planeBytes)
  for (let segment = 0; segment < count; segment++) {
    const component = Math.floor(segment / sampleBytes)
    const significance = sampleBytes - 1 - (segment % sampleBytes)
    const first = component * planeBytes * sampleBytes + significance
    for (let i = 0; i < planeBytes; i++) plane[i] = bytes[first + i * sampleBytes] ?? 0
    const packed = pack(plane, rowBytes)
    header.setUint32(4 + segment * 4, length, true)
    parts.push(packed)
    length += packed.length
  }
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Of even length. */
function pack(plane: Uint8Array, rowBytes: number): Uint8Array {
  const out = new Uint8Array(
    plane.length + Math.ceil(plane.length / 64) + plane.length / rowBytes + 2,
  )
  let to = 0
  for (let row = 0; row < plane.length; row += rowBytes) {
    const end = Math.min(row + rowBytes, plane.length)
    let literal = row
    let at = row
    while (at < end) {
      let run = 1
      while (run < 128 && at + run < end && plane[at + run] === plane[at]) run++
      if (run < 3) {
        at += run
        continue
      }
      to = packLiterals(plane, literal, at, out, to)
      out[to++] = 257 - run
      out[to++] = plane[at] ?? 0
      at += run
      literal = at
    }
    to = packLiterals(plane, literal, end, out, to)
  }
  // A byte that says nothing (G.3.1) would do as well; decoders count zero as padding.
  return out.slice(0, to + (to % 2))
}

function packLiterals(
  plane: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  let at = from
  while (at < end) {
    const length = Math.min(128, end - at)
    out[to++] = length - 1
    out.set(plane.subarray(at, at + length), to)
    to += length
    at += length
  }
  return to
}
