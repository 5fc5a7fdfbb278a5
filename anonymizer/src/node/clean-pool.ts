/**
 * De-identifies one file after another in a child process with limits of memory and time: what a server
 * does with files that come with identifiers. Nobody looks at pixels here, so whatever waits for a
 * person is refused.
 *
 * In: the path of a file. Out: the path of a new, clean one in the caller's private folder, or a code.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { loadProfile } from '../profile/profile.ts'
import type { ReportRow } from '../report/report.ts'
import type { PseudonymFormat } from '../vault/vault.ts'
import { startChildren } from './children.ts'
import { createPatternTable } from './pattern-table.ts'
import type { RefusalCode } from './refusal.ts'

export type CleanAnswer =
  | {
      readonly kind: 'cleaned'
      /** The caller's to remove. */
      readonly path: string
      readonly bytes: number
      readonly pseudonym: string
      readonly subjectDigest: string
      readonly studyInstanceUid: string
      readonly seriesInstanceUid: string
      readonly sopInstanceUid: string
      readonly rows: readonly ReportRow[]
    }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

export interface CleanSettings {
  /** As loadProfile takes it: a name or the text of a file. */
  readonly profile: string
  readonly format: PseudonymFormat
  readonly key: Uint8Array
  /** Where clean files go. */
  readonly folder: string
}

export interface CleanPool {
  /** For one caller at a time. Throws when the clean file cannot be written. */
  readonly clean: (path: string) => Promise<CleanAnswer>
  readonly close: () => void
}

export function createCleanPool({ profile, format, key, folder }: CleanSettings): CleanPool {
  const children = startChildren(
    1,
    Promise.resolve({
      profile: loadProfile(profile),
      format,
      key,
      partialFolder: folder,
      tableKey: undefined,
      certificates: [],
    }),
  )
  const rowsOf = createPatternTable()
  let index = 0
  return {
    clean: async (path) => {
      const job = { index: index++, source: { kind: 'file', path } as const, review: undefined }
      const answer = await children.run({ jobs: [job], bytes: statSync(path).size })
      rowsOf.learn(answer)
      const [outcome] = answer.outcomes
      if (outcome === undefined) return { kind: 'refused', code: 'DEID_CRASHED' }
      if (outcome.code !== undefined) return { kind: 'refused', code: outcome.code }
      const { partial, bytes, pseudonym, subjectDigest } = outcome
      const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = outcome
      return {
        kind: 'cleaned',
        path: join(folder, partial),
        bytes,
        pseudonym,
        subjectDigest,
        studyInstanceUid,
        seriesInstanceUid,
        sopInstanceUid,
        rows: rowsOf.get(answer.child, outcome.pattern),
      }
    },
    close: children.close,
  }
}
