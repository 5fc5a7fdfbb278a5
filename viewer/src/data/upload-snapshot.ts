/** What a page sees of a running upload, and a store that tells it not too often. */
import type { PersonReason } from '@pandok/anonymizer'
import { createPace, type Pace } from './pace.ts'
import type { Mark, UploadSeries, View } from './upload-series.ts'

export type FileState =
  | 'queued'
  | 'inspecting'
  | 'inspected'
  /** Until the detector has looked at its series. */
  | 'looking'
  /** For a person who looks at its series. */
  | 'waiting'
  | 'cleaning'
  | 'sending'
  | 'received'
  | 'left-out'
  | 'failed'

export interface UploadFile {
  readonly name: string
  readonly state: FileState
  /** Why it was left out or failed: a code. */
  readonly code: string | undefined
}

/** A series that a person decides about. */
export interface WaitingSeries {
  readonly series: UploadSeries
  readonly proposed: readonly Mark[]
  readonly looked: { readonly frames: number; readonly of: number }
  readonly why: PersonReason | 'text-found' | 'look-failed'
  /** What the person must have seen before the series goes on. */
  readonly toBeSeen: readonly View[]
}

export interface UploadSnapshot {
  readonly files: readonly UploadFile[]
  readonly inspected: number
  /** Frames that the detector looked at, of those it is going to. */
  readonly looked: { readonly frames: number; readonly of: number }
  readonly waiting: readonly WaitingSeries[]
  readonly finished: number
  readonly sentBytes: number
  /** Of the files as they were chosen: all, and those that are finished. */
  readonly bytes: { readonly done: number; readonly of: number }
  /** Bytes a second of what is finished lately, and seconds until all is; undefined at first. */
  readonly pace: Pace | undefined
  /** A person holds it up. */
  readonly isPaused: boolean
  /** The network is away: sending goes on by itself. */
  readonly isWaiting: boolean
  /** Set when everything that could be sent is sent and the upload is closed. */
  readonly uploadId: string | undefined
  readonly failureCode: string | undefined
}

export interface SnapshotStore {
  readonly subscribe: (listener: () => void) => () => void
  readonly snapshot: () => UploadSnapshot
  readonly set: (
    change: Partial<Omit<UploadSnapshot, 'files' | 'finished' | 'bytes' | 'pace'>>,
  ) => void
  readonly setFile: (at: number, state: FileState, code?: string) => void
  /** At once, whatever was held back. */
  readonly tell: () => void
}

/** Thousands of files change state quickly; the page is told at most this often. */
const TELL_EVERY_MS = 100
const DONE: ReadonlySet<FileState> = new Set(['received', 'left-out', 'failed'])

export function createSnapshotStore(
  chosen: readonly { readonly name: string; readonly size: number }[],
): SnapshotStore {
  const files: UploadFile[] = chosen.map(({ name }) => ({ name, state: 'queued', code: undefined }))
  const paceOf = createPace()
  const listeners = new Set<() => void>()
  let snapshot: UploadSnapshot = {
    files: [...files],
    inspected: 0,
    looked: { frames: 0, of: 0 },
    waiting: [],
    finished: 0,
    sentBytes: 0,
    bytes: { done: 0, of: chosen.reduce((sum, { size }) => sum + size, 0) },
    pace: undefined,
    isPaused: false,
    isWaiting: false,
    uploadId: undefined,
    failureCode: undefined,
  }
  let isTellDue = false
  const tell = () => {
    const pace = snapshot.isPaused ? undefined : paceOf(snapshot.bytes)
    snapshot = { ...snapshot, files: [...files], pace }
    for (const listener of listeners) listener()
  }
  const change = (by: Partial<UploadSnapshot>) => {
    snapshot = { ...snapshot, ...by }
    if (isTellDue) return
    isTellDue = true
    setTimeout(() => {
      isTellDue = false
      tell()
    }, TELL_EVERY_MS)
  }
  return {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    snapshot: () => snapshot,
    set: change,
    setFile: (at, state, code) => {
      const old = files[at]
      if (old === undefined) return
      files[at] = { ...old, state, code }
      if (!DONE.has(state)) {
        change({})
        return
      }
      const { done, of } = snapshot.bytes
      const bytes = { done: done + (chosen[at]?.size ?? 0), of }
      change({ finished: snapshot.finished + 1, bytes })
    },
    tell,
  }
}
