/**
 * A person's part in the look at pixels: what the detector found is cleared or taken out, and series that
 * wait for a person are looked at, as far as framesToSee asks, by the one who approves. Approval comes
 * after both.
 */
import { type FramesOfFile, framesToSee, PandokError, unseenFrames } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import * as pixels from './pixel-store.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'
import { imagesOf, lockUpload } from './store.ts'
import { uploadDetail } from './upload-detail.ts'

export function createPixelReview({ db, blobs }: { db: Database; blobs: BlobStore }) {
  return {
    findings: (uploadId: string, seriesUid: string) => pixels.findingsOf(db, uploadId, seriesUid),

    /** What is refused leaves the upload, and its bytes the server. */
    decideFindings: async (
      actor: Actor,
      uploadId: string,
      seriesUid: string,
      choice: { decision: 'clear' | 'refuse'; sha256s?: string[] | undefined },
    ) => {
      const { decision, sha256s } = choice
      const decided = await db.transaction(async (tx) => {
        const projectId = await lockForReview(tx, uploadId)
        const files = await pixels.decide(tx, {
          uploadId,
          seriesUid,
          decision,
          sha256s,
          personId: actor.id,
        })
        if (decision === 'refuse') await pixels.refuseFiles(tx, uploadId, files)
        const details = { decision, seriesInstanceUid: seriesUid, files: files.length }
        await audit(tx, actor, projectId, 'decidePixelFindings', uploadId, details)
        return files
      })
      if (decision === 'refuse') await removeUnneededBlobs(db, blobs, 'staging', decided)
      return await uploadDetail(db, uploadId, actor.id)
    },

    recordSeen: (
      actor: Actor,
      uploadId: string,
      seriesUid: string,
      seen: readonly FramesOfFile[],
    ) =>
      db.transaction(async (tx) => {
        const projectId = await lockForReview(tx, uploadId)
        await refuseUnseen(tx, uploadId, seriesUid, seen)
        const isFirst = await pixels.markSeen(tx, uploadId, seriesUid, actor.id)
        if (isFirst) {
          const frames = seen.reduce((sum, file) => sum + new Set(file.frames).size, 0)
          const details = { seriesInstanceUid: seriesUid, frames }
          await audit(tx, actor, projectId, 'recordSeriesSeen', uploadId, details)
        }
        return await uploadDetail(tx, uploadId, actor.id)
      }),
  }
}

/** Throws unless the person may approve the clean files; the issues name series. */
export async function refuseUndecided(
  tx: Transaction,
  uploadId: string,
  personId: string,
): Promise<void> {
  const { cleanFiles, undecided, unseen } = await pixels.openQuestions(tx, uploadId, personId)
  const issues = (code: string, series: readonly string[]) => ({
    issues: series.slice(0, 100).map((uid) => ({
      path: 'series',
      code,
      message: uid,
      severity: 'error' as const,
    })),
  })
  if (undecided.length > 0) {
    throw new PandokError('UPLOAD_PIXELS_UNDECIDED', undefined, issues('undecided', undecided))
  }
  if (unseen.length > 0) {
    throw new PandokError('UPLOAD_SERIES_UNSEEN', undefined, issues('unseen', unseen))
  }
  if (cleanFiles === 0) throw new PandokError('UPLOAD_NOTHING_CLEAN')
}

/** Throws unless the frames that have to be seen were; the issues name files. */
async function refuseUnseen(
  tx: Transaction,
  uploadId: string,
  seriesUid: string,
  seen: readonly FramesOfFile[],
): Promise<void> {
  const files = await imagesOf(tx, uploadId, seriesUid)
  const asked = framesToSee(files, await pixels.findingsOf(tx, uploadId, seriesUid))
  const missing = unseenFrames(asked, seen)
  if (missing.length === 0) return
  throw new PandokError('UPLOAD_FRAMES_UNSEEN', undefined, {
    issues: missing.slice(0, 100).map(({ sha256, frames }) => ({
      path: 'body.seen',
      code: 'unseen',
      message: `${sha256} ${frames.slice(0, 100).join(' ')}`,
      severity: 'error',
    })),
  })
}

async function lockForReview(tx: Transaction, uploadId: string): Promise<string> {
  const { status, project_id: projectId } = await lockUpload(tx, uploadId)
  if (status !== 'awaiting-qc') throw new PandokError('UPLOAD_NOT_AWAITING_QC')
  return projectId
}

async function audit(
  tx: Transaction,
  actor: Actor,
  projectId: string,
  action: string,
  uploadId: string,
  details: Readonly<Record<string, unknown>>,
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
