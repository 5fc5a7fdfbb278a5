/**
 * Receives files of senders that cannot say when they are done (STOW-RS requests, DIMSE associations,
 * peers): they fill one open upload for each sender, which closes by itself after a quiet time, so that
 * a study of 300 images is one upload for whoever inspects it.
 *
 * In: a stream of bytes. Out: its hash, once bytes and row are durable. Files that come at the same time
 * are entered in one transaction.
 */
import { z } from 'zod'
import { recordAudit } from '../../platform/audit.ts'
import type { BlobStore } from '../../platform/blobs/index.ts'
import type { Database, Queryable, Transaction } from '../../platform/database.ts'
import { AS_IT_IS, addJob, defineJob, type Job, PostponeJob } from '../../platform/jobs/index.ts'
import { removeUnneededBlobs } from '../shared-blobs.ts'
import { lockBlobs } from '../store.ts'
import { coalesce } from './coalesce.ts'
import * as store from './store.ts'

const CLOSE_QUIET = 'intake.close-quiet'
const MAX_COLLECTING = 1_000

interface ReceivedFile {
  readonly sha256: string
  readonly bytes: number
}

export interface Collector {
  /** Throws what the store says (TOO_LARGE, STORAGE_FULL); nothing of the file stays then. */
  readonly put: (source: AsyncIterable<Uint8Array>) => Promise<ReceivedFile>
  /** False: another upload let go of the same bytes at this moment; they have to be sent again. */
  readonly enter: (sender: store.Sender, file: ReceivedFile) => Promise<boolean>
}

interface Waiting {
  readonly file: ReceivedFile
  readonly resolve: (isIn: boolean) => void
  readonly reject: (error: unknown) => void
}

export interface CollectorDependencies {
  readonly db: Database
  readonly blobs: BlobStore
  readonly maxFileBytes: number
  readonly quietSeconds: number
  /** A sender who never stops gets a new upload after this. */
  readonly maxOpenSeconds: number
  /** The name of the job that follows. */
  readonly checkJob: string
}

export function createCollector(deps: CollectorDependencies): Collector {
  const { db, blobs, maxFileBytes } = deps
  /** Who waits to be entered, by sender; a lane is worked off by one transaction at a time. */
  const lanes = new Map<string, Waiting[]>()
  /** The open upload of each, as far as this process knows. */
  const collecting = new Map<string, string>()

  return {
    put: (source) => blobs.put('quarantine', coalesce(source), { maxBytes: maxFileBytes }),
    enter: (sender, file) =>
      new Promise((resolve, reject) => {
        const name = `${sender.projectId} ${sender.source} ${sender.sender}`
        const lane = lanes.get(name)
        const waiting = { file, resolve, reject }
        if (lane !== undefined) {
          lane.push(waiting)
          return
        }
        const opened = [waiting]
        lanes.set(name, opened)
        void workOff(name, opened, sender)
      }),
  }

  async function workOff(name: string, lane: Waiting[], sender: store.Sender): Promise<void> {
    for (let batch = lane.splice(0); batch.length > 0; batch = lane.splice(0)) {
      const files = batch.map(({ file }) => file)
      try {
        await enterAll(name, sender, files)
        const gone = await dropGone(sender, files)
        for (const { file, resolve } of batch) resolve(!gone.has(file.sha256))
      } catch (error) {
        // What no row speaks of would stay for ever; the sender must see the first error all the same.
        const hashes = files.map(({ sha256 }) => sha256)
        await removeUnneededBlobs(db, blobs, 'quarantine', hashes).catch(() => undefined)
        for (const { reject } of batch) reject(error)
      }
    }
    lanes.delete(name)
  }

  async function enterAll(
    name: string,
    sender: store.Sender,
    all: readonly ReceivedFile[],
  ): Promise<void> {
    const files = [...new Map(all.map((file) => [file.sha256, file])).values()]
    const actorId = sender.source === 'dimse' ? null : sender.personId
    const enter = (on: Queryable, uploadId: string) => {
      const { maxOpenSeconds } = deps
      return store.enterFiles(on, { uploadId, maxOpenSeconds, actorId, sender, files })
    }
    const known = collecting.get(name)
    if (known !== undefined && (await enter(db, known))) return
    const uploadId = await db.transaction(async (tx) => {
      const id = await openUpload(tx, sender)
      if (!(await enter(tx, id))) throw new Error('an upload closed while it was locked')
      return id
    })
    if (collecting.size >= MAX_COLLECTING) collecting.clear()
    collecting.set(name, uploadId)
  }

  /** Locked until the transaction ends. */
  async function openUpload(tx: Transaction, sender: store.Sender): Promise<string> {
    let upload = await store.lockCollecting(tx, sender, deps.maxOpenSeconds)
    if (upload.isOld) {
      await closeUpload(tx, upload.id, sender.projectId, deps.checkJob)
      upload = await store.lockCollecting(tx, sender, deps.maxOpenSeconds)
    }
    if (upload.isNew) {
      const afterSeconds = deps.quietSeconds
      await addJob(tx, CLOSE_QUIET, { uploadId: upload.id }, sender.projectId, { afterSeconds })
    }
    return upload.id
  }

  /**
   * Hashes whose bytes went between `put` and `enter`, with another upload that needed them no more;
   * their rows go too, unless they were sent again meanwhile.
   */
  async function dropGone(
    sender: store.Sender,
    files: readonly ReceivedFile[],
  ): Promise<ReadonlySet<string>> {
    const isGone = async (sha256: string) => (await blobs.size('quarantine', sha256)) === undefined
    const gone = await filter(new Set(files.map(({ sha256 }) => sha256)), isGone)
    if (gone.length === 0) return new Set()
    await db.transaction(async (tx) => {
      await lockBlobs(tx, gone)
      const removed = await store.removeFiles(tx, sender, await filter(gone, isGone))
      if (removed === undefined) return
      await recordAudit(tx, {
        actorId: null,
        projectId: sender.projectId,
        action: 'receive:undone',
        objectKind: 'upload',
        objectId: removed.uploadId,
        details: { sender: sender.sender, files: removed.files },
      })
    })
    return new Set(gone)
  }
}

async function filter<T>(
  all: Iterable<T>,
  isWanted: (each: T) => Promise<boolean>,
): Promise<readonly T[]> {
  const wanted = await Promise.all(
    [...all].map(async (each) => ((await isWanted(each)) ? [each] : [])),
  )
  return wanted.flat()
}

/** The job that closes an upload once its sender is quiet, and looks again later until then. */
export function closeQuietJob(deps: { db: Database; quietSeconds: number; checkJob: string }): Job {
  const { db, quietSeconds, checkJob } = deps
  const payload = z.object({ uploadId: z.string() })
  return defineJob({
    name: CLOSE_QUIET,
    payload,
    handle: ({ uploadId }) =>
      db.transaction(async (tx) => {
        const open = await store.lockOpen(tx, uploadId)
        if (open === undefined) return
        const left = quietSeconds - open.quietSeconds
        if (left > 0) throw new PostponeJob(left)
        await closeUpload(tx, uploadId, open.projectId, checkJob)
      }),
    // The next file of the sender closes it when it is old; a person may complete it.
    giveUp: () => Promise.resolve(),
    retry: AS_IT_IS,
  })
}

async function closeUpload(
  tx: Transaction,
  uploadId: string,
  projectId: string,
  checkJob: string,
): Promise<void> {
  const files = await store.close(tx, uploadId)
  await addJob(tx, checkJob, { uploadId }, projectId)
  await recordAudit(tx, {
    actorId: null,
    projectId,
    action: `job:${CLOSE_QUIET}`,
    objectKind: 'upload',
    objectId: uploadId,
    details: { files },
  })
}
