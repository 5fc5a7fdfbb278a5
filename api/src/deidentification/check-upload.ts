/**
 * The job that judges the headers of received files: each is checked in a caged child process, and
 * de-identified before where it comes with identifiers (clean-upload.ts); what is clean goes to staging,
 * what is not leaves nothing but a reason. Then the clean ones are held against each
 * other and the archive, and looked at (look/). May run again after a crash at any point: a file is judged once, and the
 * upload moves on only when the blobs it no longer needs are gone.
 */
import type { CheckPool } from '@pandok/anonymizer/node'
import { PandokError } from '@pandok/contract'
import { z } from 'zod'
import { lockBlobs, removeUnneededBlobs } from '../intake/index.ts'
import { recordAudit } from '../platform/audit.ts'
import type { Transaction } from '../platform/database.ts'
import { addJob, codeOf, defineJob, type Job } from '../platform/jobs/index.ts'
import { type CleanUploadDependencies, cleanUpload } from './clean-upload.ts'
import { GIVE_BACK_SUBJECTS } from './give-back.ts'
import type { Ledger } from './ledger/index.ts'
import { LOOK_AT_UPLOAD } from './look/index.ts'
import { pseudonymFormat } from './profile-store.ts'
import * as store from './store.ts'

export const CHECK_UPLOAD = 'deidentification.check'

const Payload = z.object({ uploadId: z.string() })

/** An entry of the audit trail names this many; the upload's files have all. */
const AUDITED_CONFLICTS = 100

interface CheckDependencies extends CleanUploadDependencies {
  readonly ledger: Ledger
  readonly openPool: () => CheckPool
}

export function checkUploadJob(deps: CheckDependencies): Job {
  const { db, blobs, ledger } = deps
  return defineJob({
    name: CHECK_UPLOAD,
    payload: Payload,
    handle: async ({ uploadId }, signal, report) => {
      const upload = await store.uploadUnderCheck(db, uploadId)
      if (upload === undefined) return
      const { projectId, profile, isIdentified, keyVersion } = upload
      const format = await pseudonymFormat(db, projectId)
      const pool = deps.openPool()
      try {
        if (isIdentified) {
          const identified = { uploadId, projectId, profile, format, keyVersion }
          await cleanUpload(deps, identified, pool, signal, report)
        }
        const { waiting, of, ofBytes } = await store.filesToCheck(db, uploadId)
        const left = { files: waiting.length, bytes: sum(waiting) }
        const reportLeft = () => {
          report({ files: of - left.files, of, bytes: ofBytes - left.bytes, ofBytes })
        }
        reportLeft()
        for (const { sha256, bytes } of waiting) {
          signal.throwIfAborted()
          const answer = await blobs.withLocalFile('quarantine', sha256, (path) =>
            pool.check({ path, profile, format }),
          )
          await judge(uploadId, sha256, answer)
          left.files -= 1
          left.bytes -= bytes
          reportLeft()
        }
      } finally {
        pool.close()
      }
      await db.transaction((tx) => store.refuseContradictions(tx, projectId, uploadId))
      await removeUnneededBlobs(db, blobs, 'quarantine', await store.filesOf(db, uploadId))
      const refused = await store.filesOf(db, uploadId, 'refused')
      await removeUnneededBlobs(db, blobs, 'staging', refused)
      await db.transaction(async (tx) => {
        const counts = await store.finishCheck(tx, uploadId)
        const isLeft = counts.clean + counts.conflicts > 0
        const next = isLeft ? LOOK_AT_UPLOAD : GIVE_BACK_SUBJECTS
        await addJob(tx, next, { uploadId }, projectId)
        await ledger.recordCheck(tx, projectId, uploadId, { isComplete: true })
        const conflicts = await store.conflictsOf(tx, uploadId, AUDITED_CONFLICTS)
        const named = conflicts.length === 0 ? {} : { conflictsWith: conflicts }
        await audit(tx, projectId, uploadId, { ...counts, ...named })
      })
    },
    giveUp: async ({ uploadId }, error) => {
      const upload = await store.uploadUnderCheck(db, uploadId)
      if (upload === undefined) return
      const failureCode = codeOf(error)
      await db.transaction(async (tx) => {
        await store.failUpload(tx, uploadId, failureCode)
        await addJob(tx, GIVE_BACK_SUBJECTS, { uploadId }, upload.projectId)
        await ledger.recordCheck(tx, upload.projectId, uploadId, { isComplete: false })
        await audit(tx, upload.projectId, uploadId, { failureCode })
      })
      const files = await store.filesOf(db, uploadId)
      await removeUnneededBlobs(db, blobs, 'quarantine', files)
      await removeUnneededBlobs(db, blobs, 'staging', files)
    },
    retry: {
      fail: async ({ uploadId }, error) => {
        const upload = await store.uploadUnderCheck(db, uploadId)
        if (upload === undefined) return
        const failureCode = codeOf(error)
        await db.transaction(async (tx) => {
          await store.failUpload(tx, uploadId, failureCode, { awaitsRetry: true })
          await audit(tx, upload.projectId, uploadId, { failureCode })
        })
      },
      revive: async ({ uploadId }, tx) => {
        if (!(await store.reviveUpload(tx, uploadId))) throw new PandokError('JOB_NOT_RETRYABLE')
      },
    },
  })

  async function judge(
    uploadId: string,
    sha256: string,
    answer: Awaited<ReturnType<CheckPool['check']>>,
  ): Promise<void> {
    if (answer.kind === 'failed') {
      await store.markRefused(db, uploadId, sha256, answer.code, [])
      return
    }
    const { result } = answer
    if (!result.isClean) {
      await store.markRefused(db, uploadId, sha256, 'NOT_CLEAN', result.findings)
      return
    }
    await db.transaction(async (tx) => {
      await lockBlobs(tx, [sha256])
      await blobs.share(sha256, 'quarantine', 'staging')
      await store.markClean(tx, uploadId, sha256, result.instance)
    })
  }
}

function sum(files: readonly { bytes: number }[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0)
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
    action: `job:${CHECK_UPLOAD}`,
    objectKind: 'upload',
    objectId: uploadId,
    details,
  })
}
