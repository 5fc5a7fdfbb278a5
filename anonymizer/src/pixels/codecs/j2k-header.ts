/**
 * The main header of JPEG 2000 and HTJ2K (ISO/IEC 15444-1 annex A). In: a code stream, or a JP2
 * file around one (which DICOM forbids and some write). Out: the code stream and what SIZ says.
 */
import { refuse } from './refuse.ts'
import type { StreamSize } from './stream-size.ts'

export interface J2kHeader extends StreamSize {
  readonly isSigned: boolean
  readonly codeStream: Uint8Array
  /** EOC is last, but for padding; some real JPEG 2000 has none. */
  readonly hasEnd: boolean
}

const MAX_TILES = 4096

export function readJ2kHeader(encoded: Uint8Array): J2kHeader {
  const codeStream = withoutBoxes(encoded)
  const view = new DataView(codeStream.buffer, codeStream.byteOffset, codeStream.byteLength)
  // SOC, then SIZ with at least one component.
  if (view.byteLength < 45 || view.getUint32(0) !== 0xff4fff51) {
    refuse('the frame is no JPEG 2000 code stream')
  }
  const components = view.getUint16(40)
  const length = view.getUint16(4)
  if (length !== 38 + 3 * components || 4 + length > view.byteLength || components === 0) {
    refuse('the SIZ segment is malformed')
  }
  const [right, bottom, left, top] = [8, 12, 16, 20].map((at) => view.getUint32(at))
  const [tileWidth, tileHeight] = [24, 28].map((at) => view.getUint32(at))
  const width = (right ?? 0) - (left ?? 0)
  const height = (bottom ?? 0) - (top ?? 0)
  // Offsets move what rounding does at tile edges: nothing in DICOM has them.
  if ([16, 20, 32, 36].some((at) => view.getUint32(at) !== 0)) refuse('the image has an offset')
  const tiles = Math.ceil(width / (tileWidth ?? 0)) * Math.ceil(height / (tileHeight ?? 0))
  if (!(tiles <= MAX_TILES)) refuse('the code stream has too many tiles')
  const depth = view.getUint8(42)
  for (let component = 0; component < components; component++) {
    const at = 42 + 3 * component
    if (view.getUint8(at) !== depth) refuse('the components have different depths')
    if (view.getUint16(at + 1) !== 0x0101) refuse('a component has fewer samples than another')
  }
  const precision = (depth & 0x7f) + 1
  const hasEnd = endsWhole(codeStream)
  return { width, height, components, precision, isSigned: depth >= 0x80, codeStream, hasEnd }
}

function endsWhole(codeStream: Uint8Array): boolean {
  let end = codeStream.length
  while (end > 0 && codeStream[end - 1] === 0) end--
  return codeStream[end - 2] === 0xff && codeStream[end - 1] === 0xd9
}

const JP2_SIGNATURE = 0x6a502020
const CODE_STREAM_BOX = 0x6a703263

function withoutBoxes(encoded: Uint8Array): Uint8Array {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  if (view.byteLength < 12 || view.getUint32(4) !== JP2_SIGNATURE) return encoded
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const length = view.getUint32(at)
    const end = length === 0 ? view.byteLength : at + length
    if (view.getUint32(at + 4) === CODE_STREAM_BOX) return encoded.subarray(at + 8, end)
    if (length !== 0 && length < 8) break
    at = end
  }
  return refuse('a JP2 file holds no code stream')
}
