/**
 * JPEG baseline and extended sequential (transfer syntaxes .50 and .51). In: a code stream of 8 or
 * 12 bits. Out: gray, or colour as RGB by pixel, whatever was stored.
 */
import type { FrameShape } from '../model.ts'
import { decodeJpeg12 } from './jpeg-extended.ts'
import { type JpegHeader, readJpegHeader, readSegment, SOS } from './jpeg-markers.ts'
import { refuse } from './refuse.ts'
import { requireSize } from './stream-size.ts'
import { runDecoder, type TurbojpegModule } from './wasm-classes.ts'
import type { WasmCodec } from './wasm-codec.ts'

const BASELINE = 0xc0
const EXTENDED = 0xc1

export function decodeJpeg(
  encoded: Uint8Array,
  shape: FrameShape,
  turbojpeg: WasmCodec<TurbojpegModule>,
): { bytes: Uint8Array; precision: number } {
  const header = readJpegHeader(encoded)
  // Progressive streams may ask for thousands of passes over the frame; DICOM retired them.
  if (![BASELINE, EXTENDED].includes(header.process)) refuse('the code stream is not sequential')
  requireSize(header, shape)
  if (countScans(encoded, header) > header.components) refuse('the code stream has too many scans')
  const { precision, width, height, components } = header
  if (precision === 12) return { bytes: decodeJpeg12(encoded, header), precision }
  if (precision !== 8) refuse('JPEG has 8 or 12 bits')
  const stream = withColourSpace(encoded, header, shape)
  const { bytes, info } = turbojpeg.use(({ JPEGDecoder }) => runDecoder(new JPEGDecoder(), stream))
  const isWhole =
    info.width === width && info.height === height && bytes.length === width * height * components
  if (!isWhole) refuse('the decoder returned another frame than the code stream has')
  return { bytes, precision }
}

/** Of the first frame; entropy coded data is skipped marker by marker. */
function countScans(encoded: Uint8Array, { firstScan, components }: JpegHeader): number {
  let scans = 1
  let at = firstScan.end
  while (scans <= components) {
    at = encoded.indexOf(0xff, at)
    if (at < 0) break
    const marker = encoded[at + 1] ?? 0
    const isData = marker === 0 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd7)
    if (isData) at += marker === 0xff ? 1 : 2
    else if (marker === 0xd9) break
    else {
      if (marker === SOS) scans++
      at = readSegment(encoded, at).end
    }
  }
  return scans
}

const APP0 = 0xe0
const APP14 = 0xee
/** Adobe's marker with transform 0: the components are colours as they are. */
const NO_TRANSFORM = [
  ...[0xff, APP14, 0, 14],
  ...[0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0],
]

/**
 * The decoder takes three components for YCbCr unless the code stream says something else. Where
 * it says nothing, (0028,0004) decides.
 */
function withColourSpace(
  encoded: Uint8Array,
  { segments, components }: JpegHeader,
  shape: FrameShape,
): Uint8Array {
  const isSaid = segments.some(({ marker }) => marker === APP0 || marker === APP14)
  if (components === 1 || isSaid || shape.photometricInterpretation !== 'RGB') return encoded
  const out = new Uint8Array(encoded.length + NO_TRANSFORM.length)
  out.set(encoded.subarray(0, 2))
  out.set(NO_TRANSFORM, 2)
  out.set(encoded.subarray(2), 2 + NO_TRANSFORM.length)
  return out
}
