/**
 * Strokes on their way to the server. Each is kept in the browser's own store from the moment the
 * hand lifts until the server has acknowledged it: a killed tab or a lost network loses nothing.
 * One at a time and in order; a retry carries the same id and is saved once.
 */
import { PandokError } from '@pandok/contract'

export interface Stroke {
  readonly clientRevisionId: string
  readonly runs: readonly number[]
}

/** Where strokes wait; IndexedDB in the page, memory in tests. */
export interface StrokeStore {
  readonly load: () => Promise<Stroke[]>
  readonly add: (stroke: Stroke) => Promise<void>
  readonly remove: (clientRevisionId: string) => Promise<void>
}

export type SaveState =
  | { readonly kind: 'saved' }
  | { readonly kind: 'saving'; readonly waiting: number }
  | { readonly kind: 'offline'; readonly waiting: number }
  /** The task is no longer ours: what waits stays here and can be looked at. */
  | { readonly kind: 'refused'; readonly waiting: number; readonly code: string }

export interface Outbox {
  readonly add: (runs: readonly number[]) => Promise<void>
  /** Resolves when nothing waits; rejects when saving was refused. */
  readonly flushed: () => Promise<void>
  readonly close: () => void
}

export interface OutboxOptions {
  readonly store: StrokeStore
  /** The revision the page was opened with. */
  readonly revision: number
  readonly send: (stroke: Stroke, baseRevision: number) => Promise<{ revision: number }>
  /** The newest revision, asked after a save was called stale. */
  readonly latestRevision: () => Promise<number>
  readonly onState: (state: SaveState) => void
  readonly newId?: () => string
  readonly pause?: (ms: number) => Promise<void>
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const pause = options.pause ?? ((ms: number) => new Promise((wake) => setTimeout(wake, ms)))
  const newId = options.newId ?? (() => crypto.randomUUID())
  const queue = await options.store.load()
  let revision = options.revision
  let isClosed = false
  let sending: Promise<void> | undefined
  let refusal: PandokError | undefined

  const kick = () => {
    sending ??= drain().finally(() => {
      sending = undefined
    })
  }
  if (queue.length > 0) kick()

  return {
    add: async (runs) => {
      const stroke = { clientRevisionId: newId(), runs }
      // In the browser's store before anything else.
      await options.store.add(stroke)
      queue.push(stroke)
      kick()
    },
    flushed: async () => {
      kick()
      await sending
      if (refusal !== undefined) throw refusal
    },
    close: () => {
      isClosed = true
    },
  }

  async function drain(): Promise<void> {
    let waitMs = FIRST_PAUSE_MS
    for (let stroke = queue[0]; stroke !== undefined && !isClosed; stroke = queue[0]) {
      if (refusal === undefined) options.onState({ kind: 'saving', waiting: queue.length })
      try {
        revision = (await options.send(stroke, revision)).revision
        queue.shift()
        await options.store.remove(stroke.clientRevisionId)
        waitMs = FIRST_PAUSE_MS
      } catch (error) {
        const code = error instanceof PandokError ? error.code : undefined
        if (code === 'REVISION_STALE') {
          // Strokes hold absolute values: on top of the newest state they mean the same.
          revision = await options.latestRevision().catch(() => revision)
        } else if (code === undefined || code === 'DATABASE_UNAVAILABLE' || code === 'INTERNAL') {
          options.onState({ kind: 'offline', waiting: queue.length })
          await pause(waitMs)
          waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)
        } else {
          refusal = error as PandokError
          options.onState({ kind: 'refused', waiting: queue.length, code })
          return
        }
      }
    }
    if (queue.length === 0) options.onState({ kind: 'saved' })
  }
}
