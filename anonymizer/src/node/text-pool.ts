/**
 * Child processes in which the detector looks at frames, apart from those of header work: they start
 * with the first job, have a low priority, and limits of memory and time. A file that two of them
 * cannot stand costs that file: one may have been killed where memory was short.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TextBox } from '../pixels/model.ts'
import { askChild } from './ask-child.ts'
import type { Source } from './inputs.ts'
import type { RefusalCode } from './refusal.ts'

export interface TextJob {
  readonly source: Source
  /** From 1. */
  readonly frames: readonly number[] | 'all'
}

export interface LookedFrame {
  readonly frame: number
  readonly boxes: readonly TextBox[]
}

export interface LookFailure {
  readonly kind: 'failed'
  readonly code: RefusalCode
}

export type TextAnswer =
  | { readonly kind: 'looked'; readonly frames: readonly LookedFrame[] }
  | LookFailure

/** Signatures that need decoding; those that are known come along, '' for the others. */
export interface CornersJob {
  readonly source: Source
  readonly corners: readonly string[]
}

export type CornersAnswer =
  | { readonly kind: 'signed'; readonly corners: readonly string[] }
  | LookFailure

export interface TextPool {
  /** As many at once as there are processes; others wait their turn. */
  readonly look: (job: TextJob) => Promise<TextAnswer>
  readonly sign: (job: CornersJob) => Promise<CornersAnswer>
  readonly close: () => void
}

const CHILD = fileURLToPath(new URL('./text-child.ts', import.meta.url))
const MAX_HEAP_MIB = 1024
/** For one frame; a job has this for each of its frames, and once more to start. */
const TIMEOUT_MS = 30_000
/** Of a job that asks for all frames, before anybody counted them. */
const MANY_FRAMES = 100

const MAX_TRIES = 2

export function startTextPool(options: { processes: number; timeoutMs?: number }): TextPool {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  /** undefined: the pool was closed while they waited. */
  const waiting: ((child: ChildProcess | undefined) => void)[] = []
  let isClosed = false

  const start = (): ChildProcess => {
    const child = fork(CHILD, {
      execArgv: [`--max-old-space-size=${MAX_HEAP_MIB}`],
      // No secrets in its environment, nothing of its console in our logs.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
    all.add(child)
    return child
  }
  const release = (child: ChildProcess) => {
    const next = waiting.shift()
    if (next === undefined) idle.push(child)
    else next(child)
  }
  const take = async (): Promise<ChildProcess | undefined> =>
    idle.pop() ??
    (all.size < options.processes
      ? start()
      : await new Promise<ChildProcess | undefined>((resolve) => waiting.push(resolve)))
  const drop = (child: ChildProcess) => {
    child.kill('SIGKILL')
    all.delete(child)
    if (waiting.length > 0 && !isClosed) release(start())
  }

  const ask = async (job: TextJob | CornersJob, frames: number): Promise<unknown> => {
    for (let tries = 1; ; tries++) {
      const child = await take()
      if (child === undefined) return { kind: 'failed', code: 'DEID_CRASHED' }
      const reply = await askChild(child, job, timeoutMs * (frames + 1))
      if (reply.kind === 'answered') {
        release(child)
        return reply.message
      }
      drop(child)
      if (reply.kind === 'timed-out') return { kind: 'failed', code: 'DEID_TIMEOUT' }
      if (tries === MAX_TRIES || isClosed) return { kind: 'failed', code: 'DEID_CRASHED' }
    }
  }

  return {
    look: async (job) => {
      const frames = job.frames === 'all' ? MANY_FRAMES : job.frames.length
      return (await ask(job, frames)) as TextAnswer
    },
    sign: async (job) => (await ask(job, job.corners.length)) as CornersAnswer,
    close: () => {
      isClosed = true
      for (const child of all) child.kill('SIGKILL')
      for (const give of waiting.splice(0)) give(undefined)
    },
  }
}
