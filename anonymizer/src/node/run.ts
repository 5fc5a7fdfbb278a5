/**
 * De-identifies many inputs into a folder: children make temporary files, and here each gets its
 * name, in the order of the inputs, so that the result does not depend on who was faster.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ReportRow } from '../report/report.ts'
import { type BatchAnswer, BatchLost, type Children } from './children.ts'
import type { Done, Job, Refused } from './deidentify-child.ts'
import type { Input } from './inputs.ts'
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

export interface RunOptions {
  readonly inputs: AsyncIterable<Input>
  readonly children: Children
  readonly out: string
  readonly partialFolder: string
  readonly isDryRun: boolean
  readonly lanes: number
  readonly subjects: Subjects
  /** Keeps what the children sealed. */
  readonly table: PseudonymTable | undefined
  readonly tell: (input: Input, outcome: Outcome) => void
}

const BATCH_FILES = 16
const BATCH_BYTES = 16 * 1024 * 1024
/** How far the fastest child may be ahead of the slowest: what waits for its name is on disk. */
const MAX_AHEAD = 512

/** Throws OutputError and InputError; everything placed until then stays and is whole. */
export async function runAll(options: RunOptions): Promise<void> {
  const { children, lanes, tell } = options
  const place = createPlacer(options)
  const ready = new Map<
    number,
    { input: Input; outcome: Done | Refused; rows: readonly ReportRow[] }
  >()
  const rowsOf = createPatternTable()
  let next = 0
  const settle = () => {
    for (let entry = ready.get(next); entry !== undefined; entry = ready.get(++next)) {
      ready.delete(next)
      tell(entry.input, place(entry.input, entry.outcome, entry.rows))
    }
  }
  const pending = new Set<Promise<void>>()
  const failures: unknown[] = []
  const send = async (batch: readonly Input[]): Promise<void> => {
    const jobs = batch.map(({ index, source }): Job => ({ index, source }))
    const bytes = batch.reduce((sum, input) => sum + input.bytes, 0)
    let answer: BatchAnswer
    try {
      answer = await children.run({ jobs, bytes })
    } catch (error) {
      if (!(error instanceof BatchLost)) throw error
      for (const input of batch) await send([input])
      return
    }
    const byIndex = new Map(batch.map((input) => [input.index, input]))
    rowsOf.learn(answer)
    for (const outcome of answer.outcomes) {
      const input = byIndex.get(outcome.index)
      if (input === undefined) continue
      const rows = 'pattern' in outcome ? rowsOf.get(answer.child, outcome.pattern) : []
      ready.set(input.index, { input, outcome, rows })
    }
    settle()
  }
  const start = (batch: readonly Input[]) => {
    const work = send(batch)
      .catch((error: unknown) => {
        failures.push(error)
      })
      .finally(() => pending.delete(work))
    pending.add(work)
  }
  for await (const batch of batches(options.inputs)) {
    // Twice as many as children: none waits for the next one to be sent.
    while (pending.size >= lanes * 2 || (batch[0]?.index ?? 0) > next + MAX_AHEAD) {
      if (pending.size === 0) break
      await Promise.race(pending)
    }
    if (failures.length > 0) break
    start(batch)
  }
  await Promise.all(pending)
  const [failure] = failures
  if (failure === undefined) return
  throw failure instanceof Error ? failure : new Error('the run failed', { cause: failure })
}

async function* batches(inputs: AsyncIterable<Input>): AsyncGenerator<Input[]> {
  let batch: Input[] = []
  let bytes = 0
  for await (const input of inputs) {
    batch.push(input)
    bytes += input.bytes
    if (batch.length < BATCH_FILES && bytes < BATCH_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** More than a child keeps: it never speaks of older ones. */
const FORGOTTEN_PATTERNS = 1_000

/** A child names a list of rows once, and after that by number. */
function createPatternTable() {
  const known = new Map<string, readonly ReportRow[]>()
  return {
    learn: ({ child, patterns }: BatchAnswer) => {
      for (const { id, rows } of patterns) {
        known.set(`${child} ${id}`, rows)
        known.delete(`${child} ${id - FORGOTTEN_PATTERNS}`)
      }
    },
    get: (child: number, id: number) => known.get(`${child} ${id}`) ?? [],
  }
}

type Placer = (input: Input, outcome: Done | Refused, rows: readonly ReportRow[]) => Outcome

function createPlacer(options: RunOptions): Placer {
  const { out, partialFolder, isDryRun, subjects, table } = options
  /** Inputs by the SOP Instance UID of their output. */
  const placed = new Map<string, { id: string; path: string }>()
  /** False: there before this run, perhaps with files in it. */
  const folders = new Map<string, boolean>()

  return (input, outcome, rows) => {
    if (outcome.code !== undefined) {
      if (outcome.code === 'DEID_DICOMDIR') return { kind: 'passed-over' }
      return { kind: 'refused', code: outcome.code, other: undefined }
    }
    const partial = join(partialFolder, outcome.partial)
    const refuse = (code: RefusalCode, other?: string): Outcome => {
      rmSync(partial, { force: true })
      return { kind: 'refused', code, other }
    }
    if (!subjects.isOne(outcome.pseudonym, outcome.subjectDigest)) {
      return refuse('DEID_PSEUDONYM_COLLISION')
    }
    // Before the output has its name: there is none without a way back.
    if (outcome.sealed !== undefined) table?.add(outcome.sealed)
    const { pseudonym, studyInstanceUid, seriesInstanceUid, sopInstanceUid, bytes } = outcome
    const folder = join(pseudonym, studyInstanceUid, seriesInstanceUid)
    const path = join(folder, `${sopInstanceUid}.dcm`)
    const earlier = placed.get(sopInstanceUid)
    if (earlier !== undefined) {
      const isSame = !isDryRun && earlier.path === path && sameBytes(partial, join(out, path))
      return refuse(isSame ? 'DEID_DUPLICATE' : 'DEID_SOP_INSTANCE_CONFLICT', earlier.id)
    }
    placed.set(sopInstanceUid, { id: input.id, path })
    if (isDryRun) return { kind: 'written', path, bytes, rows }
    const target = join(out, path)
    let isOurs = folders.get(folder)
    if (isOurs === undefined) {
      isOurs = mkdirSync(join(out, folder), { recursive: true }) !== undefined
      folders.set(folder, isOurs)
    }
    if (!isOurs && existsSync(target)) {
      if (sameBytes(partial, target)) {
        rmSync(partial)
        return { kind: 'unchanged', path, bytes, rows }
      }
      // Torn by a power cut; anything that reads well is another file's output.
      if (isReadable(target)) return refuse('DEID_SOP_INSTANCE_CONFLICT')
    }
    renameSync(partial, target)
    return { kind: 'written', path, bytes, rows }
  }
}
