/** What the codec packages' modules offer, as far as it is used. Objects are freed by hand. */

interface FrameInfo {
  readonly width: number
  readonly height: number
  readonly bitsPerSample: number
  readonly componentCount: number
  readonly isSigned: boolean
}

interface Decoder {
  readonly getEncodedBuffer: (length: number) => Uint8Array
  readonly decode: () => void
  /** A view of the module's memory, or a copy. */
  readonly getDecodedBuffer: () => ArrayLike<number>
  readonly getFrameInfo: () => FrameInfo
  readonly delete: () => void
}

interface Encoder {
  readonly getDecodedBuffer: (info: FrameInfo & { isUsingColorTransform?: boolean }) => Uint8Array
  readonly encode: () => void
  readonly getEncodedBuffer: () => ArrayLike<number>
  readonly delete: () => void
}

export interface CharlsModule {
  readonly JpegLSDecoder: new () => Decoder & { readonly getInterleaveMode: () => number }
  readonly JpegLSEncoder: new () => Encoder & { readonly setInterleaveMode: (mode: number) => void }
}

interface J2kEncoder extends Encoder {
  readonly setDecompositions: (levels: number) => void
  /** OpenJPEG: the number of layers; OpenJPH: the quantization step. */
  readonly setQuality: (isLossless: boolean, layersOrStep: number) => void
}

export interface OpenjpegModule {
  readonly J2KDecoder: new () => Decoder
  readonly J2KEncoder: new () => J2kEncoder & {
    readonly setCompressionRatio: (layer: number, ratio: number) => void
  }
}

export interface OpenjphModule {
  readonly HTJ2KDecoder: new () => Decoder
  readonly HTJ2KEncoder: new () => J2kEncoder & {
    readonly setProgressionOrder: (order: number) => void
    readonly setTLMMarker: (isWritten: boolean) => void
  }
}

export interface TurbojpegModule {
  readonly JPEGDecoder: new () => Decoder
  readonly JPEGEncoder: new () => Encoder & {
    readonly setQuality: (quality: number) => void
    readonly setSubSampling: (mode: number) => void
    readonly setProgressive: (isProgressive: boolean) => void
  }
}

interface Decoded {
  readonly bytes: Uint8Array
  readonly info: FrameInfo
}

/** Decodes into a copy; frees the decoder in any case. */
export function runDecoder(decoder: Decoder, encoded: Uint8Array): Decoded {
  try {
    decoder.getEncodedBuffer(encoded.length).set(encoded)
    decoder.decode()
    return { info: decoder.getFrameInfo(), bytes: new Uint8Array(decoder.getDecodedBuffer()) }
  } finally {
    decoder.delete()
  }
}

/** Encodes into a copy; frees the encoder in any case. */
export function runEncoder<E extends Encoder>(
  encoder: E,
  bytes: Uint8Array,
  info: FrameInfo & { isUsingColorTransform?: boolean },
  prepare: (encoder: E) => void,
): Uint8Array {
  try {
    encoder.getDecodedBuffer(info).set(bytes)
    prepare(encoder)
    encoder.encode()
    return new Uint8Array(encoder.getEncodedBuffer())
  } finally {
    encoder.delete()
  }
}
