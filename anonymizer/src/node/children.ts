/**
 * Child processes that take jobs in batches. One that hangs or dies costs the file that it worked
 * on: the batch is tried again file by file, so that the culprit is known.
 */
import type { ChildProcess } from 'node:child_process'
import { askChild } from './ask-child.ts'
import { startChild } from './child.ts'
import type { Answer, ChildSettings, Job, Refused } from './deidentify-child.ts'

const TIMEOUT_MS = 30_000
/** More time for larger files: slow disks still read this much. */
const SLOWEST_BYTES_PER_MS = 5_000
const PATIENCE_MS = 500

export interface Children {
  /** As many batches at once as there are children; answers come in any order. */
  readonly run: (batch: Batch) => Promise<BatchAnswer>
  readonly close: () => void
}

interface Batch {
  readonly jobs: readonly Job[]
  readonly bytes: number
}

export interface BatchAnswer extends Omit<Answer, 'failure'> {
  /** Pattern numbers are of this child. */
  readonly child: number
}

/** The output cannot be written: full, read-only, gone. */
class OutputError extends Error {
  override readonly name = 'OutputError'
  /** The system's, such as ENOSPC. */
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

interface Child {
  readonly number: number
  readonly process: ChildProcess
  readonly isReady: Promise<unknown>
}

/** `first` may be there already; `settings` may take as long as it does. */
export function startChildren(
  count: number,
  settings: Promise<ChildSettings>,
  first: ChildProcess = startChild(),
): Children {
  let started = 0
  let isClosed = false
  const idle: Child[] = []
  const waiting: ((child: Child) => void)[] = []
  const all = new Set<Child>()

  const start = (child: ChildProcess): Child => {
    const made = {
      number: started++,
      process: child,
      isReady: settings.then((each) => child.send(each)),
    }
    // A child that died is noticed when it is asked; nobody else listens.
    child.on('error', () => undefined)
    // Whoever waits for the settings hears of their failure from the one who makes them.
    made.isReady.catch(() => undefined)
    all.add(made)
    return made
  }
  idle.push(start(first))
  const release = (child: Child) => {
    const next = waiting.shift()
    if (next === undefined) idle.push(child)
    else next(child)
  }
  const take = async (): Promise<Child> =>
    idle.pop() ??
    (all.size < count
      ? start(startChild())
      : await new Promise<Child>((resolve) => waiting.push(resolve)))
  const replace = (child: Child) => {
    child.process.kill('SIGKILL')
    all.delete(child)
    if (!isClosed) release(start(startChild()))
  }

  const run = async (batch: Batch): Promise<BatchAnswer> => {
    const child = await take()
    await child.isReady
    const limitMs = TIMEOUT_MS + batch.bytes / SLOWEST_BYTES_PER_MS
    const reply = await askChild(child.process, [...batch.jobs], limitMs)
    if (reply.kind === 'answered') {
      const answer = reply.message as Answer
      release(child)
      if (answer.failure !== undefined) throw new OutputError(answer.failure)
      return { ...answer, child: child.number }
    }
    replace(child)
    const [first, ...others] = batch.jobs
    if (first === undefined) return { outcomes: [], patterns: [], child: child.number }
    if (others.length === 0) {
      const code = reply.kind === 'crashed' ? 'DEID_CRASHED' : 'DEID_TIMEOUT'
      const refused: Refused = { index: first.index, code }
      return { outcomes: [refused], patterns: [], child: child.number }
    }
    throw new BatchLost()
  }

  return {
    run,
    close: () => {
      isClosed = true
      for (const child of all) end(child.process)
    },
  }
}

/** A child that hangs over its file is not waited for. */
function end(child: ChildProcess): void {
  // It exits by itself: only then Node keeps what it compiled for the next start.
  if (child.connected) child.disconnect()
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  child.once('exit', () => clearTimeout(timer))
}

/** A batch of several whose child is gone: try them one by one. */
export class BatchLost extends Error {}
