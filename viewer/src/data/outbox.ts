/**
 * Changes (strokes, measurements) on their way to the server. Each is kept in the browser's own
 * store from the moment the hand lifts until the server has acknowledged it: a killed tab or a
 * lost network loses nothing. One at a time and in order; a retry carries the same id and is saved
 * once.
 */
import { PandokError } from '@pandok/contract'

export interface Change {
  readonly clientRevisionId: string
}

export interface Stroke extends Change {
  readonly runs: readonly number[]
}

/** Where changes wait; IndexedDB in the page, memory in tests. */
export interface ChangeStore<Item extends Change> {
  readonly load: () => Promise<Item[]>
  readonly add: (item: Item) => Promise<void>
  readonly remove: (clientRevisionId: string) => Promise<void>
}

export type SaveState =
  | { readonly kind: 'saved' }
  | { readonly kind: 'saving'; readonly waiting: number }
  | { readonly kind: 'offline'; readonly waiting: number }
  /** The task is no longer ours: what waits stays here and can be looked at. */
  | { readonly kind: 'refused'; readonly waiting: number; readonly code: string }

const GRAVITY = ['saved', 'saving', 'offline', 'refused'] as const satisfies SaveState['kind'][]

/** What to tell of two outboxes: the graver state, with all that waits in both. */
export function mergeStates(a: SaveState, b: SaveState): SaveState {
  const graver = GRAVITY.indexOf(a.kind) >= GRAVITY.indexOf(b.kind) ? a : b
  if (graver.kind === 'saved') return graver
  return { ...graver, waiting: waitingIn(a) + waitingIn(b) }
}

const waitingIn = (state: SaveState): number => (state.kind === 'saved' ? 0 : state.waiting)

export interface Outbox<Item extends Change> {
  readonly add: (content: Omit<Item, 'clientRevisionId'>) => Promise<void>
  /** Resolves when nothing waits; rejects when saving was refused. */
  readonly flushed: () => Promise<void>
  readonly close: () => void
}

export interface OutboxOptions<Item extends Change> {
  readonly store: ChangeStore<Item>
  /** The revision the page was opened with. */
  readonly revision: number
  readonly send: (item: Item, baseRevision: number) => Promise<{ revision: number }>
  /** The newest revision, asked after a save was called stale. */
  readonly latestRevision: () => Promise<number>
  readonly onState: (state: SaveState) => void
  readonly newId?: () => string
  readonly pause?: (ms: number) => Promise<void>
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
/** What passes by itself: the server is busy or restarts, the person signs in again. */
const PASSING: ReadonlySet<string> = new Set([
  'DATABASE_UNAVAILABLE',
  'IDENTITY_UNAVAILABLE',
  'INTERNAL',
  'STORAGE_FULL',
  'NOT_SIGNED_IN',
  'TOKEN_INVALID',
])

export async function openOutbox<Item extends Change>(
  options: OutboxOptions<Item>,
): Promise<Outbox<Item>> {
  const pause = options.pause ?? ((ms: number) => new Promise((wake) => setTimeout(wake, ms)))
  const newId = options.newId ?? (() => crypto.randomUUID())
  const queue = await options.store.load()
  let revision = options.revision
  let isClosed = false
  let sending: Promise<void> | undefined
  let refusal: PandokError | undefined
  const storing = new Map<string, Promise<void>>()

  const kick = () => {
    sending ??= drain().finally(() => {
      sending = undefined
      // Something may have been added after the last look at the queue.
      if (queue.length > 0 && !isClosed && refusal === undefined) kick()
    })
  }
  if (queue.length > 0) kick()

  return {
    add: async (content) => {
      const item = { ...content, clientRevisionId: newId() } as Item
      // In the order of the hand, whatever the store does: it may finish out of order.
      queue.push(item)
      const stored = options.store.add(item)
      storing.set(item.clientRevisionId, stored)
      options.onState({ kind: 'saving', waiting: queue.length })
      // A browser that keeps nothing must not stop the sending; kick tries in both cases.
      await stored.finally(kick)
    },
    flushed: async () => {
      do {
        kick()
        await sending
      } while (queue.length > 0 && refusal === undefined && !isClosed)
      if (refusal !== undefined) throw refusal
    },
    close: () => {
      isClosed = true
    },
  }

  async function drain(): Promise<void> {
    let waitMs = FIRST_PAUSE_MS
    for (let item = queue[0]; item !== undefined && !isClosed; item = queue[0]) {
      options.onState({ kind: 'saving', waiting: queue.length })
      try {
        // On the disk before it is sent, so that it can be taken off again afterwards.
        await storing.get(item.clientRevisionId)?.catch(() => undefined)
        revision = (await options.send(item, revision)).revision
        queue.shift()
        storing.delete(item.clientRevisionId)
        refusal = undefined
        waitMs = FIRST_PAUSE_MS
        // If this fails the item is sent again by the next page, under the same id.
        await options.store.remove(item.clientRevisionId).catch(() => undefined)
      } catch (error) {
        const code = error instanceof PandokError ? error.code : undefined
        if (code === 'REVISION_STALE') {
          // Changes hold absolute values: on top of the newest state they mean the same.
          revision = await options.latestRevision().catch(async () => {
            await pause(waitMs)
            return revision
          })
        } else if (code === undefined || PASSING.has(code)) {
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
