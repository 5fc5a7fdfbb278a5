/** Receives files into quarantine, closes uploads, and takes the person's QC decision. */
import { type DeidReport, PandokError, type SubjectClaim } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import { readFrame } from '../platform/frame-index.ts'
import type { Actor, BytesAnswer } from '../platform/http/handler.ts'
import { addJob } from '../platform/jobs/index.ts'
import { createConflictReview, refuseUndecidedConflicts } from './conflicts.ts'
import { createParts } from './parts.ts'
import { createPixelReview, refuseUndecided } from './pixel-review.ts'
import { createReceiver } from './receive.ts'
import { setDiscarded } from './receive-store.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'
import * as store from './store.ts'
import { REMOVE_UNFINISHED } from './unfinished.ts'
import { reread, uploadDetail } from './upload-detail.ts'

export interface IntakeDependencies {
  readonly db: Database
  readonly blobs: BlobStore
  readonly maxFileBytes: number
  /** Which of the pseudonyms stand for another patient already. */
  readonly claimSubjects: (
    projectId: string,
    uploadId: string,
    claims: readonly SubjectClaim[],
  ) => Promise<string[]>
  /** Names of the jobs that follow. */
  readonly jobs: { readonly check: string; readonly archive: string; readonly giveBack: string }
}

export function createIntakeService(deps: IntakeDependencies) {
  const { db, blobs, maxFileBytes, claimSubjects, jobs } = deps
  const receiver = createReceiver({ db, blobs, maxFileBytes })
  const parts = createParts({ db, blobs, receiver, maxFileBytes })
  return {
    /** `expected`: what the sender works with; an upload that could only be refused never begins. */
    create: (
      actor: Actor,
      projectId: string,
      expected: { profileVersion?: number | undefined; keyVersion?: number | undefined },
    ) =>
      db.transaction(async (tx) => {
        const { id, profileVersion, keyVersion } = await store.insertUpload(tx, projectId, actor.id)
        if (
          profileVersion !== (expected.profileVersion ?? profileVersion) ||
          keyVersion !== (expected.keyVersion ?? keyVersion)
        ) {
          throw new PandokError('DEIDENTIFICATION_CHANGED')
        }
        await audit(tx, actor, projectId, 'createUpload', id, { profileVersion, keyVersion })
        return await reread(tx, id)
      }),

    receive: receiver.receive,
    ...parts,

    /** Only what still receives: anything later is decided by QC. */
    discard: (actor: Actor, uploadId: string) =>
      db.transaction(async (tx) => {
        const { status, project_id: projectId } = await store.lockUpload(tx, uploadId)
        if (status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
        await setDiscarded(tx, uploadId, actor.id)
        await addJob(tx, REMOVE_UNFINISHED, { uploadId }, projectId)
        await audit(tx, actor, projectId, 'discardUpload', uploadId)
        return await reread(tx, uploadId)
      }),

    complete: (
      actor: Actor,
      uploadId: string,
      sent: {
        sha256s: readonly string[]
        report?: DeidReport | undefined
        subjects?: readonly SubjectClaim[] | undefined
      },
    ) =>
      db.transaction(async (tx) => {
        const { sha256s, report, subjects = [] } = sent
        const { status, project_id: projectId } = await store.lockUpload(tx, uploadId)
        if (status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
        const missing = await store.missingFiles(tx, uploadId, sha256s)
        if (missing.length > 0) {
          throw new PandokError('UPLOAD_INCOMPLETE', `${missing.length} files are missing`, {
            issues: missing.slice(0, 100).map((sha256) => ({
              path: 'sha256s',
              code: 'missing',
              message: sha256,
              severity: 'error',
            })),
          })
        }
        if (report !== undefined) await store.setReport(tx, uploadId, report)
        const collided = await claimSubjects(projectId, uploadId, subjects)
        await store.closeUpload(tx, uploadId, collided)
        await addJob(tx, jobs.check, { uploadId }, projectId)
        await addJob(tx, REMOVE_UNFINISHED, { uploadId }, projectId)
        await audit(tx, actor, projectId, 'completeUpload', uploadId, { files: sha256s.length })
        return await reread(tx, uploadId)
      }),

    list: (projectId: string) => store.uploadsOfProject(db, projectId),

    get: (actor: Actor, uploadId: string) => uploadDetail(db, uploadId, actor.id),

    images: (uploadId: string, seriesInstanceUid: string) =>
      store.imagesOf(db, uploadId, seriesInstanceUid),

    /** Counted from 1. What nobody judged clean has no frames to be looked at. */
    frame: async (uploadId: string, sha256: string, frame: number): Promise<BytesAnswer> => {
      const found = await store.cleanFile(db, uploadId, sha256)
      if (found === undefined) throw new PandokError('NOT_FOUND')
      const area = found.status === 'clean' ? 'staging' : 'archive'
      const body = await readFrame(blobs, area, found, frame)
      if (body === undefined) throw new PandokError('NOT_FOUND')
      return {
        type: 'application/octet-stream',
        body,
        headers: { 'cache-control': 'private, no-store' },
      }
    },

    decideQc: async (
      actor: Actor,
      uploadId: string,
      { decision, comment }: { decision: 'approve' | 'reject'; comment?: string | undefined },
    ) => {
      const upload = await db.transaction(async (tx) => {
        const { status, project_id: projectId } = await store.lockUpload(tx, uploadId)
        if (status !== 'awaiting-qc') throw new PandokError('UPLOAD_NOT_AWAITING_QC')
        const isApproved = decision === 'approve'
        if (isApproved) {
          await refuseUndecidedConflicts(tx, uploadId)
          await refuseUndecided(tx, uploadId, actor.id)
        }
        await store.setDecision(tx, uploadId, isApproved ? 'archiving' : 'rejected', actor.id)
        await addJob(tx, isApproved ? jobs.archive : jobs.giveBack, { uploadId }, projectId)
        const hasComment = comment !== undefined
        await audit(tx, actor, projectId, 'decideQc', uploadId, { decision, hasComment })
        return await reread(tx, uploadId)
      })
      // Those of a person's refusal too: a crash may have come before their bytes were gone.
      const statuses =
        decision === 'reject' ? (['clean', 'conflict'] as const) : (['refused'] as const)
      const gone = await store.filesWith(db, uploadId, statuses)
      await removeUnneededBlobs(db, blobs, 'staging', gone)
      return upload
    },

    ...createPixelReview({ db, blobs }),
    ...createConflictReview({ db, blobs }),

    projectOf: (uploadId: string) => store.projectOfUpload(db, uploadId),
  }
}

export type IntakeService = ReturnType<typeof createIntakeService>

async function audit(
  tx: Transaction,
  actor: Actor,
  projectId: string,
  action: string,
  uploadId: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await recordAudit(tx, {
    actorId: actor.id,
    projectId,
    action,
    objectKind: 'upload',
    objectId: uploadId,
    details,
  })
}
