/** What the page and its de-identification worker say to each other. */
import type { PseudonymFormat, ReportRow } from '../index.ts'

/** The first message; files follow. */
export interface WorkerSettings {
  readonly key: Uint8Array
  readonly format: PseudonymFormat
  /** As loadProfile takes it: a name or the text of a file. */
  readonly profile: string
}

export interface WorkerRequest {
  readonly id: number
  readonly bytes: ArrayBuffer
}

export type WorkerAnswer =
  | {
      readonly id: number
      readonly kind: 'done'
      readonly bytes: Uint8Array<ArrayBuffer>
      readonly sha256: string
      readonly pseudonym: string
      readonly studyInstanceUid: string
      readonly seriesInstanceUid: string
      readonly report: readonly ReportRow[]
    }
  /** `code` is a DicomErrorCode or DeidErrorCode, or DEID_INTERNAL. */
  | { readonly id: number; readonly kind: 'refused'; readonly code: string }
