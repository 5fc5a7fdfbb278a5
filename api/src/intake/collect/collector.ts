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
import type { Database, Transaction } from '../../platform/database.ts'
import { AS_IT_IS, addJob, defineJob, type Job, PostponeJob } from '../../platform/jobs/index.ts'
import { removeUnneededBlobs } from '../shared-blobs.ts'
import { lockBlobs } from '../store.ts'
import { coalesce } from './coalesce.ts'
import * as store from './store.ts'

const CLOSE_QUIET = 'intake.close-quiet'

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
        const isThere = await db.transaction((tx) => enterAll(tx, sender, files))
        for (const { file, resolve } of batch) resolve(isThere.has(file.sha256))
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
    tx: Transaction,
    sender: store.Sender,
    files: readonly ReceivedFile[],
  ): Promise<Set<string>> {
    let upload = await store.lockCollecting(tx, sender, deps.maxOpenSeconds)
    if (upload.isOld) {
      await closeUpload(tx, upload.id, sender.projectId, deps.checkJob)
      upload = await store.lockCollecting(tx, sender, deps.maxOpenSeconds)
    }
    const hashes = files.map(({ sha256 }) => sha256)
    await lockBlobs(tx, hashes)
    const there = new Set<string>()
    for (const sha256 of new Set(hashes)) {
      if ((await blobs.size('quarantine', sha256)) !== undefined) there.add(sha256)
    }
    const unique = new Map(files.map((file) => [file.sha256, file]))
    const added = await store.insertFiles(
      tx,
      upload.id,
      [...unique.values()].filter(({ sha256 }) => there.has(sha256)),
    )
    if (upload.isNew) {
      const afterSeconds = deps.quietSeconds
      await addJob(tx, CLOSE_QUIET, { uploadId: upload.id }, sender.projectId, { afterSeconds })
    }
    if (added > 0) {
      const { source, sender: name, personId, projectId } = sender
      await recordAudit(tx, {
        actorId: source === 'dimse' ? null : personId,
        projectId,
        action: `receive:${source}`,
        objectKind: 'upload',
        objectId: upload.id,
        details: { sender: name, files: added },
      })
    }
    return there
  }
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
