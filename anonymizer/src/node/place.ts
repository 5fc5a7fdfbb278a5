/**
 * Gives outputs their names, in the order of the inputs, so that the result does not depend on which
 * child was faster. Two outputs never meet: the later one is refused, and both are named.
 */

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ReportRow } from '../report/report.ts'
import type { Done, Refused } from './deidentify-child.ts'
import type { Input } from './inputs.ts'
import { createOutputTable } from './output-table.ts'
import type { PseudonymTable } from './pseudonym-table.ts'
import type { RefusalCode } from './refusal.ts'
import { isReadable, sameBytes } from './same-file.ts'
import type { Subjects } from './subjects.ts'

export type Outcome =
  | {
      readonly kind: 'written' | 'unchanged'
      readonly path: string
      readonly bytes: number
      readonly rows: readonly ReportRow[]
    }
  /** Left out; `other`: id of the input that it stands against. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly other: string | undefined }
  /** The index of a disc, whose files are taken themselves. */
  | { readonly kind: 'passed-over' }

/** An output without its name yet: the pixels of its series are to be looked at first. */
export interface Held {
  readonly kind: 'held'
  readonly input: Input
  readonly done: Done
  readonly rows: readonly ReportRow[]
}

export interface Placer {
  /** What becomes of it; `held` has its place, and waits for `place` or `refuse`. */
  readonly judge: (
    input: Input,
    outcome: Done | Refused,
    rows: readonly ReportRow[],
  ) => Outcome | Held
  readonly place: (held: Held) => Outcome
  /** The place is free again. */
  readonly refuse: (held: Held, code: RefusalCode) => Outcome
}

export function createPlacer(options: {
  out: string
  partialFolder: string
  isDryRun: boolean
  subjects: Subjects
  table: PseudonymTable | undefined
}): Placer {
  const { out, partialFolder, isDryRun, subjects, table } = options
  const placed = createOutputTable()
  /** Where those lie that wait for their name, by SOP Instance UID. */
  const waiting = new Map<string, string>()
  /** False: there before this run, perhaps with files in it. */
  const folders = new Map<string, boolean>()
  const partialOf = ({ partial }: Done) => join(partialFolder, partial)

  const refuse = (done: Done, code: RefusalCode, other?: string): Outcome => {
    rmSync(partialOf(done), { force: true })
    return { kind: 'refused', code, other }
  }

  const place = ({ done, rows }: Held): Outcome => {
    const { sopInstanceUid, bytes } = done
    const path = pathOf(done)
    if (isDryRun) return { kind: 'written', path, bytes, rows }
    const partial = partialOf(done)
    const target = join(out, path)
    const folder = folderOf(done)
    let isOurs = folders.get(folder)
    if (isOurs === undefined) {
      isOurs = mkdirSync(join(out, folder), { recursive: true }) !== undefined
      folders.set(folder, isOurs)
    }
    // Before the output has its name: there is none without a way back.
    if (done.sealed !== undefined) table?.add(done.sealed)
    waiting.delete(sopInstanceUid)
    if (!isOurs && existsSync(target)) {
      if (sameBytes(partial, target)) {
        rmSync(partial)
        return { kind: 'unchanged', path, bytes, rows }
      }
      // Torn by a power cut; anything that reads well is another file's output.
      if (isReadable(target)) return refuse(done, 'DEID_SOP_INSTANCE_CONFLICT')
    }
    renameSync(partial, target)
    return { kind: 'written', path, bytes, rows }
  }

  return {
    judge: (input, outcome, rows) => {
      if (outcome.code !== undefined) {
        if (outcome.code === 'DEID_DICOMDIR') return { kind: 'passed-over' }
        return { kind: 'refused', code: outcome.code, other: undefined }
      }
      if (!subjects.isOne(outcome.pseudonym, outcome.subjectDigest)) {
        return refuse(outcome, 'DEID_PSEUDONYM_COLLISION')
      }
      const { sopInstanceUid } = outcome
      const folder = folderOf(outcome)
      const partial = partialOf(outcome)
      const earlier = placed.find(sopInstanceUid, folder)
      if (earlier !== undefined) {
        const file = waiting.get(sopInstanceUid) ?? join(out, pathOf(outcome))
        const isSame = !isDryRun && earlier.isInFolder && sameBytes(partial, file)
        const code = isSame ? 'DEID_DUPLICATE' : 'DEID_SOP_INSTANCE_CONFLICT'
        return refuse(outcome, code, earlier.id)
      }
      placed.add(sopInstanceUid, { id: input.id, folder })
      const held: Held = { kind: 'held', input, done: outcome, rows }
      if (outcome.look === undefined) return place(held)
      waiting.set(sopInstanceUid, partial)
      return held
    },
    place,
    refuse: ({ done }, code) => {
      placed.remove(done.sopInstanceUid)
      waiting.delete(done.sopInstanceUid)
      return refuse(done, code)
    },
  }
}

function folderOf({ pseudonym, studyInstanceUid, seriesInstanceUid }: Done): string {
  return join(pseudonym, studyInstanceUid, seriesInstanceUid)
}

function pathOf(done: Done): string {
  return join(folderOf(done), `${done.sopInstanceUid}.dcm`)
}
