/**
 * What this browser remembers of an upload that was not finished, so that it goes on after a closed tab:
 * which files were received, what was made of them, and what a person decided. In IndexedDB, an entry
 * for each. Files are keyed digests of path, size and time: neither a name nor a pixel is kept.
 */
import type { PixelReview, ReportRow } from '@pandok/anonymizer'

interface RememberedHead {
  readonly uploadId: string
  readonly profileVersion: number
  readonly keyVersion: number
  /** How many files were chosen. */
  readonly files: number
}

export interface RememberedFile {
  readonly sha256: string
  readonly bytes: number
  readonly pseudonym: string
  readonly subjectDigest: string
  readonly report: readonly ReportRow[]
}

export type RememberedDecision =
  | { readonly kind: 'send'; readonly review: PixelReview | undefined }
  | { readonly kind: 'leave-out'; readonly code: string }

interface Remembered {
  readonly head: RememberedHead
  /** By fingerprint. */
  readonly sent: ReadonlyMap<string, RememberedFile>
  readonly decisions: ReadonlyMap<string, RememberedDecision>
}

export interface UploadMemory {
  readonly load: () => Promise<Remembered | undefined>
  /** Whatever was remembered before is forgotten. */
  readonly begin: (head: RememberedHead) => Promise<void>
  readonly addSent: (fingerprint: string, file: RememberedFile) => Promise<void>
  readonly addDecision: (fingerprint: string, decision: RememberedDecision) => Promise<void>
  readonly forget: () => Promise<void>
}

export type Entry =
  | { readonly kind: 'head'; readonly head: RememberedHead }
  /** Lists of rows repeat: each is kept once. */
  | { readonly kind: 'report'; readonly number: number; readonly rows: readonly ReportRow[] }
  | {
      readonly kind: 'sent'
      readonly fingerprint: string
      readonly file: Omit<RememberedFile, 'report'>
      readonly report: number
    }
  | {
      readonly kind: 'decision'
      readonly fingerprint: string
      readonly decision: RememberedDecision
    }

/** Where entries are kept in their order; IndexedDB in the page, a list in tests. */
export interface EntryStore {
  readonly all: () => Promise<readonly Entry[]>
  readonly add: (entry: Entry) => Promise<void>
  readonly clear: () => Promise<void>
}

/** A browser that keeps nothing makes the upload no worse: errors are for nobody. */
export function createUploadMemory(store: EntryStore): UploadMemory {
  const numbers = new Map<string, number>()
  const add = (entry: Entry) => store.add(entry).catch(() => undefined)
  return {
    load: async () => {
      const entries = await store.all().catch(() => [])
      const reports = new Map<number, readonly ReportRow[]>()
      let head: RememberedHead | undefined
      const sent = new Map<string, RememberedFile>()
      const decisions = new Map<string, RememberedDecision>()
      for (const entry of entries) {
        if (entry.kind === 'head') head = entry.head
        else if (entry.kind === 'report') {
          reports.set(entry.number, entry.rows)
          numbers.set(JSON.stringify(entry.rows), entry.number)
        } else if (entry.kind === 'decision') decisions.set(entry.fingerprint, entry.decision)
        else {
          const report = reports.get(entry.report)
          if (report !== undefined) sent.set(entry.fingerprint, { ...entry.file, report })
        }
      }
      return head === undefined ? undefined : { head, sent, decisions }
    },
    begin: async (head) => {
      numbers.clear()
      await store.clear().catch(() => undefined)
      await add({ kind: 'head', head })
    },
    addSent: async (fingerprint, { report: rows, ...file }) => {
      const text = JSON.stringify(rows)
      let number = numbers.get(text)
      if (number === undefined) {
        number = numbers.size
        numbers.set(text, number)
        await add({ kind: 'report', number, rows })
      }
      await add({ kind: 'sent', fingerprint, file, report: number })
    },
    addDecision: async (fingerprint, decision) => {
      await add({ kind: 'decision', fingerprint, decision })
    },
    forget: async () => {
      numbers.clear()
      await store.clear().catch(() => undefined)
    },
  }
}

/** Of one project in this browser there is one upload under way. */
export function openUploadMemory(projectKey: string): UploadMemory {
  return createUploadMemory(openEntryStore(projectKey))
}

const [DATABASE, STORE] = ['pandok-uploads', 'entry']

function openEntryStore(projectKey: string): EntryStore {
  let opened: Promise<IDBDatabase> | undefined
  const open = () =>
    new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1)
      request.onupgradeneeded = () => {
        request.result.createObjectStore(STORE)
      }
      request.onsuccess = () => {
        resolve(request.result)
      }
      request.onerror = () => {
        reject(new Error('STORAGE_UNAVAILABLE'))
      }
    })
  // Keys are [project, time]: a project's entries lie together, in their order.
  let last = 0
  const nextKey = () => {
    last = Math.max(last + 1, Date.now() * 1000)
    return [projectKey, last]
  }
  const mine = IDBKeyRange.bound([projectKey], [projectKey, []])
  const run = async <T>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    const database = await (opened ??= open())
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode)
      const request = act(transaction.objectStore(STORE))
      transaction.oncomplete = () => {
        resolve(request.result)
      }
      transaction.onabort = () => {
        reject(new Error('STORAGE_UNAVAILABLE'))
      }
    })
  }
  return {
    all: async () => (await run('readonly', (store) => store.getAll(mine))) as Entry[],
    add: async (entry) => {
      await run('readwrite', (store) => store.add(entry, nextKey()))
    },
    clear: async () => {
      await run('readwrite', (store) => store.delete(mine))
    },
  }
}
