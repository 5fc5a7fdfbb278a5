/**
 * Takes files through de-identification and to the server, a few at a time. Knows no React: a page
 * subscribes to snapshots. Originals are read, cleaned in a worker and forgotten; their names stay
 * on this page.
 */
import { type ReportRow, sumReports } from '@pandok/anonymizer'
import { startDeidentificationWorker } from '@pandok/anonymizer/web'
import type { Client } from '@pandok/contract'
import { PandokError } from '@pandok/contract'

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
  /** Set when everything that could be sent is sent and the upload is closed. */
  readonly uploadId: string | undefined
  readonly failureCode: string | undefined
}

export interface Uploader {
  readonly subscribe: (listener: () => void) => () => void
  readonly snapshot: () => UploadSnapshot
}

const PARALLEL = 3
const TRIES = 5

export function startUpload(options: {
  client: Client
  projectKey: string
  files: readonly File[]
}): Uploader {
  const { client, files } = options
  const params = { projectKey: options.projectKey }
  const listeners = new Set<() => void>()
  let snapshot: UploadSnapshot = {
    files: files.map((file) => ({
      name: file.webkitRelativePath || file.name,
      state: 'queued',
      code: undefined,
    })),
    finished: 0,
    uploadId: undefined,
    failureCode: undefined,
  }
  const set = (change: Partial<UploadSnapshot>) => {
    snapshot = { ...snapshot, ...change }
    for (const listener of listeners) listener()
  }
  const setFile = (at: number, state: FileState, code?: string) => {
    const isDone = state === 'received' || state === 'left-out' || state === 'failed'
    const next = snapshot.files.map((file, index) =>
      index === at ? { ...file, state, code } : file,
    )
    set({ files: next, finished: snapshot.finished + (isDone ? 1 : 0) })
  }

  void run().catch((error: unknown) => {
    set({ failureCode: error instanceof PandokError ? error.code : 'NETWORK' })
  })
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
    const upload = await client.createUpload({ params, body: {} })
    const sha256s: string[] = []
    const reports: (readonly ReportRow[])[] = []
    let next = 0
    const lane = async (): Promise<void> => {
      const worker = startDeidentificationWorker({ key, format: kit.pseudonymFormat })
      try {
        for (let at = next++; at < files.length; at = next++) {
          const file = files[at]
          if (file === undefined) continue
          setFile(at, 'cleaning')
          const answer = await worker.deidentify(await file.arrayBuffer())
          if (answer.kind === 'refused') {
            setFile(at, 'left-out', answer.code)
            continue
          }
          setFile(at, 'sending')
          const { bytes, sha256 } = answer
          await persistently(() =>
            client.putUploadFile({
              params: { uploadId: upload.id, sha256 },
              body: new Blob([bytes]),
            }),
          )
          sha256s.push(sha256)
          reports.push(answer.report)
          setFile(at, 'received')
        }
      } finally {
        worker.close()
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, lane))
    if (sha256s.length === 0) {
      set({ failureCode: 'UPLOAD_NOTHING_CLEAN' })
      return
    }
    const leftOut: Record<string, number> = {}
    for (const { state, code } of snapshot.files) {
      if (state === 'left-out' && code !== undefined) leftOut[code] = (leftOut[code] ?? 0) + 1
    }
    const report = {
      profile: kit.profile,
      files: sha256s.length,
      rows: sumReports(reports),
      leftOut,
    }
    await client.completeUpload({ params: { uploadId: upload.id }, body: { sha256s, report } })
    set({ uploadId: upload.id })
  }
}

/** Tries again when the network failed or the server was busy; sending twice is harmless. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const isPassing = !(error instanceof PandokError) || error.code === 'DATABASE_UNAVAILABLE'
      if (!isPassing || tries >= TRIES) throw error
      await new Promise((wake) => setTimeout(wake, 500 * 2 ** tries))
    }
  }
}
