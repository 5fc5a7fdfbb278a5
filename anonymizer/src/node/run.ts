/**
 * De-identifies many inputs: children make temporary files in batches, and what each became is told
 * in the order of the inputs.
 */

import type { ReportRow } from '../report/report.ts'
import { type BatchAnswer, BatchLost, type Children } from './children.ts'
import type { Done, Job, Refused } from './deidentify-child.ts'
import type { Input } from './inputs.ts'
import { createPatternTable, type PatternTable } from './pattern-table.ts'
import type { Held, Outcome, Placer } from './place.ts'

export interface Runner {
  /**
   * `inputs` are numbered from 0. Throws OutputError and InputError; everything placed until then
   * stays and is whole.
   */
  readonly run: (inputs: AsyncIterable<Input>, listener: RunListener) => Promise<void>
}

interface RunListener {
  /** In the order of the inputs; each is either told or held. */
  readonly tell: (input: Input, outcome: Outcome) => void
  readonly hold: (held: Held) => void
}

export interface RunnerOptions {
  readonly children: Children
  readonly lanes: number
  readonly placer: Placer
}

const BATCH_FILES = 16
const BATCH_BYTES = 16 * 1024 * 1024
/** How far the fastest child may be ahead of the slowest: what waits for its name is on disk. */
const MAX_AHEAD = 512

export function createRunner(options: RunnerOptions): Runner {
  // The children name lists of rows once: what was learnt holds for the next run as well.
  const rowsOf = createPatternTable()
  return { run: (inputs, listener) => runAll(inputs, listener, rowsOf, options) }
}

async function runAll(
  inputs: AsyncIterable<Input>,
  { tell, hold }: RunListener,
  rowsOf: PatternTable,
  { children, lanes, placer }: RunnerOptions,
): Promise<void> {
  const ready = new Map<
    number,
    { input: Input; outcome: Done | Refused; rows: readonly ReportRow[] }
  >()
  let next = 0
  const settle = () => {
    for (let entry = ready.get(next); entry !== undefined; entry = ready.get(++next)) {
      ready.delete(next)
      const outcome = placer.judge(entry.input, entry.outcome, entry.rows)
      if (outcome.kind === 'held') hold(outcome)
      else tell(entry.input, outcome)
    }
  }
  const pending = new Set<Promise<void>>()
  const failures: unknown[] = []
  const send = async (batch: readonly Input[]): Promise<void> => {
    const jobs = batch.map(({ index, source, review }): Job => ({ index, source, review }))
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
  for await (const batch of batches(inputs)) {
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
