/**
 * What rules, detector, persons and redaction say to each other about text in pixels. Columns and
 * rows count from 0 at the upper left of a frame as it is stored; frames count from 1, as in DICOM.
 */

/** A box of whole pixels. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** A box in some frames of an instance. */
export interface Region extends Box {
  readonly frames: 'all' | readonly number[]
}

/** What a person decided for one instance, having seen its frames; rules and detector only propose. */
export interface PixelReview {
  /** What is blanked in the pixels; [] when nothing has to go. */
  readonly regions: readonly Region[]
}

/** What has to be known of an instance's pixels before it may be written. */
export type PixelPlan =
  /** No pixels, or none that could hold text (PS3.15 E.3.1). */
  | { readonly kind: 'none' }
  /** Nothing announces text: the detector looks at samples of the series. */
  | { readonly kind: 'sample' }
  /** A person looks at it, always. */
  | { readonly kind: 'person'; readonly reason: PersonReason }

export type PersonReason =
  /** (0028,0301) says so. */
  | 'burned-in'
  /** US, SC, XC, OT, ES and the like. */
  | 'written-on'
  /** Derived, secondary, or nothing declares it free. */
  | 'not-declared-free'

/** An image of one channel for the detector: rows after each other, 0 black to 255 white. */
export interface GrayImage {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** Where the detector sees text; `score` from 0 to 1. */
export interface TextBox extends Box {
  readonly score: number
}

export interface TextDetector {
  /**
   * In: renderings of one frame. Out: boxes in its pixels, widened by a margin, so that blanking them
   * leaves no stroke.
   */
  readonly detect: (renderings: readonly GrayImage[]) => Promise<readonly TextBox[]>
}

/**
 * How the samples of a frame are laid out (PS3.3 C.7.6.3), little endian, without padding between
 * rows. Samples of one bit follow each other, the lowest bit first (PS3.5 8.1.1).
 */
export interface FrameShape {
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: 1 | 3
  readonly bitsAllocated: 1 | 8 | 16 | 32 | 64
  readonly bitsStored: number
  /** Where the value's highest bit is; bits beside the value may hold old overlays (C.9.2). */
  readonly highBit: number
  readonly isSigned: boolean
  /** (7FE0,0008) and (7FE0,0009). */
  readonly isFloat: boolean
  /** False: colour by pixel; true: colour by plane. */
  readonly isPlanar: boolean
  readonly photometricInterpretation: string
}

export interface DecodedFrame {
  readonly bytes: Uint8Array
  /** As the bytes are, not as the header says: colour transforms and planes may be undone. */
  readonly shape: FrameShape
}

/**
 * Decoders and encoders of encapsulated frames. Loading them is asynchronous (WebAssembly), using
 * them is not. Sizes are read from the code stream and compared with `shape` before anything is
 * allocated. All throw DeidError DEID_PIXEL_CODEC.
 */
export interface FrameCodecs {
  readonly decode: (
    transferSyntaxUid: string,
    encoded: Uint8Array,
    shape: FrameShape,
  ) => DecodedFrame
  /**
   * Lossless, in RLE, JPEG-LS lossless, JPEG 2000 lossless or HTJ2K lossless; of even length.
   * Undefined where the encoder cannot hold such samples exactly: what came out was decoded again.
   */
  readonly encode: (transferSyntaxUid: string, frame: DecodedFrame) => Uint8Array | undefined
}
