/** What the page and its workers say to each other. */
import type { Inspection, PixelReview, PseudonymFormat, ReportRow, TextBox } from '../index.ts'

/** The first message; files follow. */
export interface WorkerSettings {
  readonly key: Uint8Array
  readonly format: PseudonymFormat
  /** As loadProfile takes it: a name or the text of a file. */
  readonly profile: string
}

/**
 * Files are handed over as handles: a worker reads their bytes itself. `fileId` tells it that the one
 * it has open is meant. Frames count from 1.
 */
export type WorkerRequest =
  | { readonly kind: 'inspect'; readonly file: Blob }
  | { readonly kind: 'deidentify'; readonly file: Blob; readonly review?: PixelReview }
  | { readonly kind: 'show'; readonly file: Blob; readonly fileId: number; readonly frame: number }
  | { readonly kind: 'draw'; readonly stored: StoredFrame }
  | { readonly kind: 'look'; readonly file: Blob; readonly frames: readonly number[] }

/** What has to be known of a file before a person or the detector looks at it. */
export interface FileInspection extends Inspection {
  readonly modality: string
  readonly rows: number
  readonly columns: number
  /** A short sign of each frame's corners: where it changes, text may have come or gone. */
  readonly corners: readonly string[]
}

/** A frame to be looked at on the page: RGBA, rows after each other. It never goes further. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
}

/** One frame as an archive keeps it, with what has to be known to draw it (PS3.3 C.7.6.3, C.11). */
export interface StoredFrame {
  readonly transferSyntaxUid: string
  readonly stored: Uint8Array
  readonly photometricInterpretation: string
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly isSigned: boolean
  readonly isPlanar: boolean
  readonly rescaleSlope: number
  readonly rescaleIntercept: number
  readonly windowCenter: number | undefined
  readonly windowWidth: number | undefined
}

export interface CleanFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly sha256: string
  readonly pseudonym: string
  /** Tells patients apart whose pseudonyms are the same by chance; see Vault. */
  readonly subjectDigest: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly report: readonly ReportRow[]
}

export interface LookedFrame {
  readonly frame: number
  readonly boxes: readonly TextBox[]
}

/** `code`: a DicomErrorCode or DeidErrorCode, UNREADABLE, TIMEOUT, CRASHED, or DEID_INTERNAL. */
export interface Refusal {
  readonly kind: 'refused'
  readonly code: string
}

export type InspectAnswer = Refusal | { readonly kind: 'inspected'; readonly file: FileInspection }
export type DeidentifyAnswer = Refusal | { readonly kind: 'done'; readonly clean: CleanFile }
export type ShowAnswer = Refusal | { readonly kind: 'shown'; readonly picture: Picture }
export type LookAnswer =
  | Refusal
  | { readonly kind: 'looked'; readonly frames: readonly LookedFrame[] }
export type WorkerAnswer = InspectAnswer | DeidentifyAnswer | ShowAnswer | LookAnswer
