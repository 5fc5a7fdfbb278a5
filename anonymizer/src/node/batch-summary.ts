/** FILE.json of a run; its schema is named in it. */
import type { ReportRow } from '../report/report.ts'
import type { PseudonymFormat } from '../vault/vault.ts'
import type { RefusalCode } from './refusal.ts'

export interface BatchSummary {
  readonly schema: 'pandok-deidentification-report-1'
  readonly profile: {
    readonly label: string
    readonly description: string
    readonly options: readonly string[]
    /** SHA-256 of everything that the profile says. */
    readonly sha256: string
  }
  /** How pseudonyms look. */
  readonly pseudonyms: PseudonymFormat
  /** Fingerprint of the key that pseudonyms, UIDs and date offsets come from. */
  readonly key: string
  readonly isDryRun: boolean
  readonly counts: {
    readonly inputs: number
    readonly written: number
    readonly unchanged: number
    readonly refused: number
    readonly passedOver: number
    readonly subjects: number
    readonly bytesWritten: number
  }
  /** Frames that the detector looked at, of those that were chosen. */
  readonly pixels: { readonly looked: number; readonly frames: number }
  /** Inputs by their ids; `other`: the one that stands against it. */
  readonly refusals: readonly { input: string; code: RefusalCode; other?: string }[]
  readonly rows: readonly ReportRow[]
  readonly instances: string
}
