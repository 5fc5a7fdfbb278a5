/**
 * JPEG 2000 and HTJ2K (transfer syntaxes .90, .91 and .201 to .203), decoded by OpenJPEG and
 * OpenJPH. Colour transforms of the code stream are undone, so that YBR_RCT and YBR_ICT become RGB.
 */
import type { FrameShape } from '../model.ts'
import { readJ2kHeader } from './j2k-header.ts'
import { refuse } from './refuse.ts'
import { requireSize } from './stream-size.ts'
import { type OpenjpegModule, type OpenjphModule, runDecoder, runEncoder } from './wasm-classes.ts'
import type { WasmCodec } from './wasm-codec.ts'

export interface J2kCodecs {
  readonly openjpeg: WasmCodec<OpenjpegModule>
  readonly openjph: WasmCodec<OpenjphModule>
}

type Family = 'jpeg-2000' | 'htj2k'

export function decodeJ2k(
  encoded: Uint8Array,
  shape: FrameShape,
  family: Family,
  { openjpeg, openjph }: J2kCodecs,
): { bytes: Uint8Array; precision: number; isSigned: boolean } {
  const header = readJ2kHeader(encoded)
  requireSize(header, shape)
  // OpenJPEG refuses stumps itself; OpenJPH makes a frame of whatever is there.
  if (family === 'htj2k' && !header.hasEnd) refuse('the code stream ends too early')
  const { precision, isSigned, width, height, components, codeStream } = header
  const { bytes, info } =
    family === 'htj2k'
      ? openjph.use(({ HTJ2KDecoder }) => runDecoder(new HTJ2KDecoder(), codeStream))
      : openjpeg.use(({ J2KDecoder }) => runDecoder(new J2KDecoder(), codeStream))
  // For garbage they return a frame of no pixels and no error.
  const isWhole =
    info.width === width &&
    info.height === height &&
    bytes.length === width * height * components * (precision > 8 ? 2 : 1)
  if (!isWhole) refuse('the decoder returned another frame than the code stream has')
  return { bytes, precision, isSigned }
}

/**
 * What the packages encode exactly: they lose the sign of 8 bits, mix up colour of 16, and always
 * transform colour reversibly, which is for RGB only (PS3.3 C.7.6.3.1.2).
 */
export function canEncodeJ2k(shape: FrameShape): boolean {
  if (shape.samplesPerPixel === 1) return shape.bitsStored > 8 || !shape.isSigned
  return shape.bitsStored <= 8 && !shape.isSigned && shape.photometricInterpretation === 'RGB'
}

/** HTJ2K whose packets come resolution by resolution, with their lengths in the header (PS3.5 A.4.11). */
const HTJ2K_RPCL = '1.2.840.10008.1.2.4.202'
const JPEG_2000 = '1.2.840.10008.1.2.4.90'
/** The number of the progression order (ISO/IEC 15444-1 table A.16). */
const RPCL = 2

/** Colour by pixel. */
export function encodeJ2k(
  bytes: Uint8Array,
  shape: FrameShape,
  transferSyntaxUid: string,
  { openjpeg, openjph }: J2kCodecs,
): Uint8Array {
  const info = {
    width: shape.columns,
    height: shape.rows,
    bitsPerSample: shape.bitsStored,
    componentCount: shape.samplesPerPixel,
    isSigned: shape.isSigned,
    isUsingColorTransform: shape.samplesPerPixel > 1,
  }
  const levels = Math.min(5, Math.floor(Math.log2(Math.min(shape.rows, shape.columns))))
  if (transferSyntaxUid !== JPEG_2000) {
    return openjph.use(({ HTJ2KEncoder }) =>
      runEncoder(new HTJ2KEncoder(), bytes, info, (encoder) => {
        encoder.setDecompositions(levels)
        encoder.setQuality(true, 0)
        if (transferSyntaxUid === HTJ2K_RPCL) {
          encoder.setProgressionOrder(RPCL)
          encoder.setTLMMarker(true)
        }
      }),
    )
  }
  return openjpeg.use(({ J2KEncoder }) =>
    runEncoder(new J2KEncoder(), bytes, info, (encoder) => {
      encoder.setDecompositions(levels)
      encoder.setQuality(true, 1)
      // 0: nothing is cut off (the package's ratio of 1 would be a limit).
      encoder.setCompressionRatio(0, 0)
    }),
  )
}
