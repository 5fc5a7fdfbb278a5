/**
 * Decoders and encoders of frames, one for each family of transfer syntaxes. In: the compiled
 * WebAssembly of the packages; where it comes from differs between Node and browsers.
 */
// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- packages that import this one compile the file, but do not list its declarations
/// <reference path="./packages.d.ts" />
import charls from '@cornerstonejs/codec-charls/wasmjs'
import turbojpeg from '@cornerstonejs/codec-libjpeg-turbo-8bit/wasmjs'
import openjpeg from '@cornerstonejs/codec-openjpeg/wasmjs'
import openjph from '@cornerstonejs/codec-openjph/wasmjs'
import { DeidError } from '../../errors.ts'
import type { DecodedFrame, FrameCodecs, FrameShape } from '../model.ts'
import { decodeJpeg } from './jpeg.ts'
import { canEncodeJ2k, decodeJ2k, encodeJ2k, type J2kCodecs } from './jpeg-2000.ts'
import { decodeJpegLossless } from './jpeg-lossless.ts'
import { decodeJpegLs, encodeJpegLs } from './jpeg-ls.ts'
import { frameByteLength, interleave, isEqual, resizeWords, sampleBytesOf } from './layout.ts'
import { refuse } from './refuse.ts'
import { decodeRle, encodeRle, type RleLayout } from './rle.ts'
import { codecSyntax } from './syntaxes.ts'
import type { CharlsModule, TurbojpegModule } from './wasm-classes.ts'
import { type WasmCodec, wasmCodec } from './wasm-codec.ts'

export interface CompiledCodecs {
  readonly charls: WebAssembly.Module
  readonly openjpeg: WebAssembly.Module
  readonly openjph: WebAssembly.Module
  readonly turbojpeg: WebAssembly.Module
}

interface Packages extends J2kCodecs {
  readonly charls: WasmCodec<CharlsModule>
  readonly turbojpeg: WasmCodec<TurbojpegModule>
}

export function createFrameCodecs(compiled: CompiledCodecs): FrameCodecs {
  const packages: Packages = {
    charls: wasmCodec(charls, compiled.charls),
    openjpeg: wasmCodec(openjpeg, compiled.openjpeg),
    openjph: wasmCodec(openjph, compiled.openjph),
    turbojpeg: wasmCodec(turbojpeg, compiled.turbojpeg),
  }
  return {
    decode: (transferSyntaxUid, encoded, shape) =>
      decode(transferSyntaxUid, encoded, shape, packages),
    encode: (transferSyntaxUid, frame) => {
      try {
        return encodeExactly(transferSyntaxUid, frame, packages)
      } catch (error) {
        // Noise can outgrow the buffer that an encoder gives itself.
        if (error instanceof DeidError) return undefined
        throw error
      }
    },
  }
}

/** An encoder that is not exact would change what must stay: its work is decoded again. */
function encodeExactly(
  transferSyntaxUid: string,
  frame: DecodedFrame,
  packages: Packages,
): Uint8Array | undefined {
  const encoded = encode(transferSyntaxUid, frame, packages)
  if (encoded === undefined) return undefined
  const again = decode(transferSyntaxUid, encoded, frame.shape, packages)
  const bytes = interleave(again.bytes, again.shape, frame.shape.isPlanar)
  if (!isEqual(bytes, frame.bytes)) return undefined
  if (encoded.length % 2 === 0) return encoded
  const even = new Uint8Array(encoded.length + 1)
  even.set(encoded)
  return even
}

function rleLayout(shape: FrameShape): RleLayout {
  const sampleBytes = sampleBytesOf(shape)
  const planeBytes = frameByteLength(shape) / sampleBytes / shape.samplesPerPixel
  return { planeBytes, sampleBytes, samplesPerPixel: shape.samplesPerPixel }
}

function decode(
  transferSyntaxUid: string,
  encoded: Uint8Array,
  shape: FrameShape,
  packages: Packages,
): DecodedFrame {
  const family = codecSyntax(transferSyntaxUid)?.family
  switch (family) {
    case undefined:
      return refuse('there is no decoder for the transfer syntax')
    case 'rle': {
      const bytes = decodeRle(encoded, rleLayout(shape))
      const photometricInterpretation = wholeChrominance(shape.photometricInterpretation)
      return {
        bytes,
        shape: { ...shape, photometricInterpretation, isPlanar: shape.samplesPerPixel > 1 },
      }
    }
    case 'jpeg': {
      const decoded = decodeJpeg(encoded, shape, packages.turbojpeg)
      const isColour = shape.samplesPerPixel > 1
      return asFrame(shape, {
        ...decoded,
        ...(isColour ? { photometricInterpretation: 'RGB' } : {}),
      })
    }
    case 'jpeg-lossless':
      return asFrame(shape, decodeJpegLossless(encoded, shape))
    case 'jpeg-ls':
      return asFrame(shape, decodeJpegLs(encoded, shape, packages.charls))
    case 'jpeg-2000':
    case 'htj2k': {
      const decoded = decodeJ2k(encoded, shape, family, packages)
      const isTransformed = ['YBR_RCT', 'YBR_ICT'].includes(shape.photometricInterpretation)
      return asFrame(shape, {
        ...decoded,
        ...(isTransformed ? { photometricInterpretation: 'RGB' } : {}),
      })
    }
  }
}

/** These codecs hold chrominance of every pixel, whatever the header says. */
function wholeChrominance(photometricInterpretation: string): string {
  if (photometricInterpretation === 'YBR_PARTIAL_422') refuse('YBR_PARTIAL_422 is retired')
  return photometricInterpretation === 'YBR_FULL_422' ? 'YBR_FULL' : photometricInterpretation
}

/** Samples of the code stream in words of (0028,0100), colour by pixel unless it says otherwise. */
function asFrame(
  shape: FrameShape,
  decoded: {
    bytes: Uint8Array
    precision: number
    isPlanar?: boolean
    isSigned?: boolean
    photometricInterpretation?: string
  },
): DecodedFrame {
  const { bytes, precision, isPlanar = false, isSigned = shape.isSigned } = decoded
  const words = resizeWords(bytes, precision > 8 ? 2 : 1, sampleBytesOf(shape), isSigned)
  return {
    bytes: words,
    shape: {
      ...shape,
      bitsStored: precision,
      highBit: precision - 1,
      isPlanar,
      isSigned,
      photometricInterpretation:
        decoded.photometricInterpretation ?? wholeChrominance(shape.photometricInterpretation),
    },
  }
}

function encode(
  transferSyntaxUid: string,
  { bytes, shape }: DecodedFrame,
  packages: Packages,
): Uint8Array | undefined {
  const syntax = codecSyntax(transferSyntaxUid)
  const isEncoded = syntax?.lossless === transferSyntaxUid || syntax?.family === 'htj2k'
  if (syntax === undefined || !isEncoded) {
    return refuse('there is no encoder for the transfer syntax')
  }
  if (syntax.family === 'rle') {
    const layout = rleLayout(shape)
    const rowBytes = shape.bitsAllocated === 1 ? layout.planeBytes : shape.columns
    return encodeRle(interleave(bytes, shape, true), layout, rowBytes)
  }
  if (shape.bitsStored > 16 || shape.bitsStored < 2) return undefined
  const words = resizeWords(bytes, sampleBytesOf(shape), shape.bitsStored > 8 ? 2 : 1, false)
  switch (syntax.family) {
    case 'jpeg-ls':
      return encodeJpegLs(words, shape, packages.charls)
    case 'jpeg-2000':
    case 'htj2k':
      return canEncodeJ2k(shape) ? encodeJ2k(words, shape, transferSyntaxUid, packages) : undefined
    case 'jpeg':
    case 'jpeg-lossless':
      return undefined
  }
}
