/**
 * Takes files through de-identification and to the server, a few at a time. Knows no React: a page
 * subscribes to snapshots. Originals are read, cleaned in a worker and forgotten; their names stay
 * in this window. One file that fails holds up no other.
 */
import { type ReportRow, sumReports } from '@pandok/anonymizer'
import type { DeidentificationWorker } from '@pandok/anonymizer/web'
import { type Client, PandokError } from '@pandok/contract'

export type FileState = 'queued' | 'cleaning' | 'sending' | 'received' | 'left-out' | 'failed'

export interface UploadFile {
  readonly name: string
  readonly state: FileState
  /** Why it was left out or failed: a code. */
  readonly code: string | undefined
}

export interface UploadSnapshot {
  readonly files: readonly UploadFile[]
  readonly finished: number
  readonly sentBytes: number
  /** The network is away: sending goes on by itself. */
  readonly isWaiting: boolean
  /** Set when everything that could be sent is sent and the upload is closed. */
  readonly uploadId: string | undefined
  readonly failureCode: string | undefined
}

export interface Uploader {
  readonly subscribe: (listener: () => void) => () => void
  readonly snapshot: () => UploadSnapshot
}

export interface UploaderOptions {
  readonly client: Client
  readonly projectKey: string
  readonly files: readonly File[]
  readonly startWorker: (options: {
    key: Uint8Array
    format: { prefix: string; digits: number }
    profile: string
  }) => Pick<DeidentificationWorker, 'deidentify' | 'close'>
  readonly pause?: (ms: number) => Promise<void>
}

const PARALLEL = 3
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
/** Thousands of files change state quickly; the page is told at most this often. */
const TELL_EVERY_MS = 100
const PASSING: ReadonlySet<string> = new Set(['DATABASE_UNAVAILABLE', 'INTERNAL', 'TOKEN_INVALID'])
/** What is wrong with one file only; anything else stops the upload. */
const OF_ONE_FILE: ReadonlySet<string> = new Set([
  'HASH_MISMATCH',
  'TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
])

export function startUpload(options: UploaderOptions): Uploader {
  const { client, files } = options
  const pause = options.pause ?? ((ms: number) => new Promise((wake) => setTimeout(wake, ms)))
  const params = { projectKey: options.projectKey }
  const listeners = new Set<() => void>()
  const states: UploadFile[] = files.map((file) => ({
    name: file.webkitRelativePath || file.name,
    state: 'queued',
    code: undefined,
  }))
  let snapshot: UploadSnapshot = {
    files: [...states],
    finished: 0,
    sentBytes: 0,
    isWaiting: false,
    uploadId: undefined,
    failureCode: undefined,
  }
  let isTellDue = false
  const tell = () => {
    snapshot = { ...snapshot, files: [...states] }
    for (const listener of listeners) listener()
  }
  const set = (change: Partial<UploadSnapshot>) => {
    snapshot = { ...snapshot, ...change }
    if (isTellDue) return
    isTellDue = true
    setTimeout(() => {
      isTellDue = false
      tell()
    }, TELL_EVERY_MS)
  }
  const setFile = (at: number, state: FileState, code?: string) => {
    const old = states[at]
    if (old === undefined) return
    states[at] = { ...old, state, code }
    const isDone = state === 'received' || state === 'left-out' || state === 'failed'
    set({ finished: snapshot.finished + (isDone ? 1 : 0) })
  }

  void run()
    .catch((error: unknown) => {
      set({ failureCode: error instanceof PandokError ? error.code : 'NETWORK' })
    })
    .finally(tell)
  return {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    snapshot: () => snapshot,
  }

  async function run(): Promise<void> {
    const kit = await client.getDeidentificationKey({ params })
    const key = Uint8Array.from(atob(kit.keyBase64), (letter) => letter.charCodeAt(0))
    const upload = await client.createUpload({
      params,
      body: { profileVersion: kit.profileVersion, keyVersion: kit.keyVersion },
    })
    const received = new Set<string>()
    const reports: (readonly ReportRow[])[] = []
    let next = 0
    let isStopped = false
    const lane = async (): Promise<void> => {
      const worker = options.startWorker({ key, format: kit.pseudonymFormat, profile: kit.profile })
      try {
        for (let at = next++; at < files.length && !isStopped; at = next++) {
          await take(at, worker)
        }
      } catch (error) {
        isStopped = true
        throw error
      } finally {
        worker.close()
      }
    }
    const take = async (
      at: number,
      worker: Pick<DeidentificationWorker, 'deidentify'>,
    ): Promise<void> => {
      const file = files[at]
      if (file === undefined) return
      setFile(at, 'cleaning')
      const original = await file.arrayBuffer().catch(() => undefined)
      if (original === undefined) {
        setFile(at, 'left-out', 'UNREADABLE')
        return
      }
      const answer = await worker.deidentify(original)
      if (answer.kind === 'refused') {
        setFile(at, 'left-out', answer.code)
        return
      }
      const { bytes, sha256 } = answer
      if (received.has(sha256)) {
        setFile(at, 'left-out', 'DUPLICATE')
        return
      }
      received.add(sha256)
      setFile(at, 'sending')
      try {
        await persistently(() =>
          client.putUploadFile({
            params: { uploadId: upload.id, sha256 },
            body: new Blob([bytes]),
          }),
        )
      } catch (error) {
        received.delete(sha256)
        if (!(error instanceof PandokError) || !OF_ONE_FILE.has(error.code)) throw error
        setFile(at, 'failed', error.code)
        return
      }
      reports.push(answer.report)
      setFile(at, 'received')
      set({ sentBytes: snapshot.sentBytes + bytes.byteLength })
    }
    await Promise.all(Array.from({ length: PARALLEL }, lane))
    if (received.size === 0) {
      set({ failureCode: 'UPLOAD_NOTHING_CLEAN' })
      return
    }
    const leftOut: Record<string, number> = {}
    for (const { state, code } of states) {
      if ((state === 'left-out' || state === 'failed') && code !== undefined) {
        leftOut[code] = (leftOut[code] ?? 0) + 1
      }
    }
    const report = {
      profile: kit.profileLabel,
      files: received.size,
      rows: sumReports(reports),
      leftOut,
    }
    await persistently(() =>
      client.completeUpload({
        params: { uploadId: upload.id },
        body: { sha256s: [...received], report },
      }),
    )
    set({ uploadId: upload.id })
  }

  /** Tries until the network and the server are back; sending twice is harmless. */
  async function persistently<T>(work: () => Promise<T>): Promise<T> {
    for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const result = await work()
        if (snapshot.isWaiting) set({ isWaiting: false })
        return result
      } catch (error) {
        if (error instanceof PandokError && !PASSING.has(error.code)) throw error
        set({ isWaiting: true })
        await pause(waitMs)
      }
    }
  }
}
