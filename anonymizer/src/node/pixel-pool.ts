/**
 * Child processes that decode, render and look into archived files, with limits of memory and time: a
 * file that they cannot stand costs one of them and its own job. They start with the first job.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RenderLook } from '../pixels/frames/index.ts'
import { askChild } from './ask-child.ts'
import type { PictureType } from './picture.ts'

export type PixelJob =
  | {
      readonly kind: 'transcode'
      readonly path: string
      readonly output: string
      readonly transferSyntaxUid: string
    }
  | {
      readonly kind: 'frame'
      readonly path: string
      readonly frame: number
      readonly transferSyntaxUid: string
    }
  | ({
      readonly kind: 'render'
      readonly path: string
      readonly frame: number
      readonly mediaType: PictureType
      readonly quality: number
    } & RenderLook)
  | { readonly kind: 'locate'; readonly path: string; readonly element: string }

export type PixelAnswer =
  | { readonly kind: 'transcoded'; readonly frames: readonly (readonly [number, number])[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'place'; readonly offset: number; readonly length: number }
  /** A DicomErrorCode or DeidErrorCode, or one of this pool. */
  | { readonly kind: 'failed'; readonly code: string }

export interface PixelPool {
  /** As many at once as there are processes; others wait their turn. */
  readonly run: (job: PixelJob) => Promise<PixelAnswer>
  readonly close: () => void
}

const CHILD = fileURLToPath(new URL('./pixel-child.ts', import.meta.url))
const MAX_HEAP_MIB = 512
/** Buffers are beside the heap: the system holds this limit, where it has the command. */
const MAX_DATA_BYTES = 2 * 2 ** 30
const PRLIMIT = '/usr/bin/prlimit'
const TIMEOUT_MS = 30_000
const TRANSCODE_TIMEOUT_MS = 300_000
/** More wait for a turn than anybody would wait for. */
const MAX_WAITING = 1000

export function startPixelPool(options: { processes: number; timeoutMs?: number }): PixelPool {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  /** undefined: the pool was closed while they waited. */
  const waiting: ((child: ChildProcess | undefined) => void)[] = []
  let isClosed = false

  const start = (): ChildProcess => {
    const child = fork(CHILD, {
      ...cage(),
      // No secrets in its environment, nothing of its console in our logs.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
    // One that dies while idle is not asked again, and keeps nobody alive.
    child.once('exit', () => {
      all.delete(child)
      const at = idle.indexOf(child)
      if (at >= 0) idle.splice(at, 1)
    })
    child.on('error', () => undefined)
    all.add(child)
    return child
  }
  const release = (child: ChildProcess) => {
    const next = waiting.shift()
    if (next === undefined) idle.push(child)
    else next(child)
  }
  const take = async (): Promise<ChildProcess | undefined> => {
    if (isClosed || waiting.length >= MAX_WAITING) return undefined
    const free = idle.pop()
    if (free !== undefined) return free
    if (all.size < options.processes) return start()
    return await new Promise<ChildProcess | undefined>((resolve) => waiting.push(resolve))
  }
  const drop = (child: ChildProcess) => {
    child.kill('SIGKILL')
    all.delete(child)
    if (waiting.length > 0 && !isClosed) release(start())
  }

  return {
    run: async (job) => {
      const child = await take()
      if (child === undefined) return { kind: 'failed', code: 'PIXELS_BUSY' }
      const limit = job.kind === 'transcode' ? TRANSCODE_TIMEOUT_MS : TIMEOUT_MS
      const reply = await askChild(child, job, options.timeoutMs ?? limit)
      if (reply.kind === 'answered') {
        release(child)
        return reply.message as PixelAnswer
      }
      drop(child)
      return {
        kind: 'failed',
        code: reply.kind === 'timed-out' ? 'PIXELS_TIMEOUT' : 'PIXELS_CRASHED',
      }
    },
    close: () => {
      isClosed = true
      for (const child of all) child.kill('SIGKILL')
      for (const give of waiting.splice(0)) give(undefined)
    },
  }
}

function cage(): { execPath?: string; execArgv: string[] } {
  const execArgv = [`--max-old-space-size=${MAX_HEAP_MIB}`]
  if (!existsSync(PRLIMIT)) return { execArgv }
  return {
    execPath: PRLIMIT,
    execArgv: [`--data=${MAX_DATA_BYTES}`, '--core=0', process.execPath, ...execArgv],
  }
}
