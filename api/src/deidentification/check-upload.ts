/**
 * The job that judges received files: each is checked in a caged child process; what is clean goes
 * to staging, what is not leaves nothing but a reason. May run again after a crash at any point.
 */
import type { CheckPool } from '@pandok/anonymizer/node'
import { z } from 'zod'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs.ts'
import type { Database } from '../platform/database.ts'
import { codeOf, defineJob, type Job } from '../platform/jobs.ts'
import * as store from './store.ts'

export const CHECK_UPLOAD = 'deidentification.check'

const Payload = z.object({ uploadId: z.string() })

export function checkUploadJob(deps: {
  db: Database
  blobs: BlobStore
  openPool: () => CheckPool
}): Job {
  const { db, blobs } = deps
  return defineJob({
    name: CHECK_UPLOAD,
    payload: Payload,
    handle: async ({ uploadId }, signal) => {
      const upload = await store.uploadUnderCheck(db, uploadId)
      if (upload === undefined) return
      const projectId = upload.project_id
      const format = await store.pseudonymFormat(db, projectId)
      const pool = deps.openPool()
      try {
        for (const { sha256 } of await store.uncheckedFiles(db, uploadId)) {
          signal.throwIfAborted()
          const answer = await pool.check(blobs.path('quarantine', sha256), format)
          await judge(uploadId, projectId, sha256, answer)
          await blobs.remove('quarantine', sha256)
        }
      } finally {
        pool.close()
      }
      await db.transaction(async (tx) => {
        const counts = await store.finishCheck(tx, uploadId)
        await recordAudit(tx, {
          actorId: null,
          projectId,
          action: `job:${CHECK_UPLOAD}`,
          objectKind: 'upload',
          objectId: uploadId,
          details: counts,
        })
      })
    },
    giveUp: ({ uploadId }, error) =>
      db.transaction((tx) => store.failUpload(tx, uploadId, codeOf(error))),
  })

  async function judge(
    uploadId: string,
    projectId: string,
    sha256: string,
    answer: Awaited<ReturnType<CheckPool['check']>>,
  ): Promise<void> {
    if (answer.kind === 'failed') {
      await store.markRefused(db, uploadId, sha256, answer.code, [])
      return
    }
    if (!answer.result.isClean) {
      await store.markRefused(db, uploadId, sha256, 'NOT_CLEAN', answer.result.findings)
      return
    }
    const { instance } = answer.result
    const { studyInstanceUid, sopInstanceUid } = instance
    if (await store.isStudyElsewhere(db, projectId, studyInstanceUid)) {
      await store.markRefused(db, uploadId, sha256, 'STUDY_REFUSED', [])
    } else if (await store.hasSopInstanceConflict(db, uploadId, sha256, sopInstanceUid)) {
      await store.markRefused(db, uploadId, sha256, 'SOP_INSTANCE_CONFLICT', [])
    } else {
      await blobs.share(sha256, 'quarantine', 'staging')
      await store.markClean(db, uploadId, sha256, instance)
    }
  }
}
