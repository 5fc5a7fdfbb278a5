/**
 * The job that takes approved files into the archive, study by study, each in one transaction, so
 * that nothing is half visible. May run again after a crash at any point.
 */
import { PandokError } from '@pandok/contract'
import { z } from 'zod'
import { removeUnneededBlobs } from '../intake/index.ts'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { codeOf, defineJob, type Job } from '../platform/jobs/index.ts'
import { inParallel } from '../platform/parallel.ts'
import * as store from './store.ts'
import { storeStudy } from './store-study.ts'
import { filesByStudy } from './study-store.ts'

export const STORE_UPLOAD = 'archive.store'

const Payload = z.object({ uploadId: z.string() })

/** Blobs are linked or copied on a server: many small waits. */
const SHARED_AT_ONCE = 16

export function storeUploadJob(deps: {
  db: Database
  blobs: BlobStore
  /** What the archive does not know: that a study becomes somebody's work. */
  onStudyArchived: (
    tx: Transaction,
    study: { projectId: string; subjectId: string; studyId: string },
  ) => Promise<unknown>
}): Job {
  const { db, blobs } = deps
  return defineJob({
    name: STORE_UPLOAD,
    payload: Payload,
    handle: async ({ uploadId }, signal, report) => {
      const upload = await store.uploadToArchive(db, uploadId)
      if (upload === undefined) return
      report(await store.archivedSoFar(db, uploadId))
      const { project_id: projectId, key_version: keyVersion } = upload
      for (const [studyInstanceUid, sha256s] of await filesByStudy(db, uploadId)) {
        signal.throwIfAborted()
        await inParallel(sha256s, SHARED_AT_ONCE, (sha256) =>
          blobs.share(sha256, 'staging', 'archive'),
        )
        await db.transaction(async (tx) => {
          const study = { uploadId, projectId, keyVersion, studyInstanceUid, sha256s }
          const { subjectId, studyId } = await storeStudy(tx, study)
          await deps.onStudyArchived(tx, { projectId, subjectId, studyId })
          await audit(tx, projectId, uploadId, { studyId, instances: sha256s.length })
        })
        report(await store.archivedSoFar(db, uploadId))
      }
      // All of them: an earlier run may have ended between its transaction and this.
      const files = await store.approvedFiles(db, uploadId)
      await removeUnneededBlobs(db, blobs, 'staging', files)
      await db.transaction((tx) => store.finishUpload(tx, uploadId))
    },
    giveUp: async ({ uploadId }, error) => {
      const upload = await store.uploadToArchive(db, uploadId)
      if (upload === undefined) return
      const failureCode = codeOf(error)
      await db.transaction(async (tx) => {
        await store.failUpload(tx, uploadId, failureCode)
        await audit(tx, upload.project_id, uploadId, { failureCode })
      })
      const files = await store.approvedFiles(db, uploadId)
      await removeUnneededBlobs(db, blobs, 'staging', files)
    },
    retry: {
      fail: async ({ uploadId }, error) => {
        const upload = await store.uploadToArchive(db, uploadId)
        if (upload === undefined) return
        const failureCode = codeOf(error)
        await db.transaction(async (tx) => {
          await store.failUpload(tx, uploadId, failureCode, { awaitsRetry: true })
          await audit(tx, upload.project_id, uploadId, { failureCode })
        })
      },
      revive: async ({ uploadId }, tx) => {
        if (!(await store.reviveUpload(tx, uploadId))) throw new PandokError('JOB_NOT_RETRYABLE')
      },
    },
  })
}

async function audit(
  tx: Transaction,
  projectId: string,
  uploadId: string,
  details: Readonly<Record<string, unknown>>,
): Promise<void> {
  await recordAudit(tx, {
    actorId: null,
    projectId,
    action: `job:${STORE_UPLOAD}`,
    objectKind: 'upload',
    objectId: uploadId,
    details,
  })
}
