/**
 * JPEG-LS (transfer syntaxes .80 and .81). Samples are unsigned numbers of `precision` bits, also
 * where (0028,0103) says signed (PS3.5 8.2.3): nobody extends a sign here.
 */
import type { FrameShape } from '../model.ts'
import { readScan } from './jpeg-huffman.ts'
import { readJpegHeader } from './jpeg-markers.ts'
import { refuse } from './refuse.ts'
import { requireSize } from './stream-size.ts'
import { type CharlsModule, runDecoder, runEncoder } from './wasm-classes.ts'
import type { WasmCodec } from './wasm-codec.ts'

const SOF55 = 0xf7
/** EOI, twice: a last byte of FF would take the first half of one. */
const END = [0xff, 0xd9, 0xff, 0xd9]
/** Interleave modes: colour by plane and by pixel. */
const NONE = 0
const SAMPLE = 2

export function decodeJpegLs(
  encoded: Uint8Array,
  shape: FrameShape,
  charls: WasmCodec<CharlsModule>,
): { bytes: Uint8Array; precision: number; isPlanar: boolean } {
  const header = readJpegHeader(encoded)
  if (header.process !== SOF55) refuse('the code stream is no JPEG-LS')
  requireSize(header, shape)
  if (header.sampling.some(([across, down]) => across !== 1 || down !== 1)) {
    refuse('JPEG-LS of several samplings is not decoded')
  }
  const { precision, width, height, components } = header
  const stream = withEnd(encoded)
  const { bytes } = charls.use(({ JpegLSDecoder }) => runDecoder(new JpegLSDecoder(), stream))
  if (bytes.length !== width * height * components * (precision > 8 ? 2 : 1)) {
    refuse('the decoder returned another frame than the code stream has')
  }
  const isPlanar = components > 1 && readScan(header.firstScan, header).end === 0
  return { bytes, precision, isPlanar }
}

/**
 * With one more end of image. CharLS that runs out of data without having met a marker searches the
 * whole of its memory for one, for every sample: a frame of 2,000 pixels took 40 seconds.
 */
function withEnd(encoded: Uint8Array): Uint8Array {
  const stream = new Uint8Array(encoded.length + END.length)
  stream.set(encoded)
  stream.set(END, encoded.length)
  return stream
}

/** Colour stays by plane or by pixel, as (0028,0006) may repeat it. */
export function encodeJpegLs(
  bytes: Uint8Array,
  shape: FrameShape,
  charls: WasmCodec<CharlsModule>,
): Uint8Array {
  const info = {
    width: shape.columns,
    height: shape.rows,
    bitsPerSample: shape.bitsStored,
    componentCount: shape.samplesPerPixel,
    isSigned: false,
  }
  return charls.use(({ JpegLSEncoder }) =>
    runEncoder(new JpegLSEncoder(), bytes, info, (encoder) => {
      encoder.setInterleaveMode(shape.samplesPerPixel === 1 || shape.isPlanar ? NONE : SAMPLE)
    }),
  )
}
