/**
 * A person's decision about files that have the SOP Instance UID of an archived one and other bytes
 * (PS3.5 9: a UID names one thing). The archive never changes, so what can be decided is that the new
 * file is left out, and why; whoever holds the new one to be right sends it under a UID of its own.
 */
import { type InputOf, type Operations, PandokError } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import { hasConflicts, leaveOut } from './conflict-store.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'
import { lockUpload } from './store.ts'
import { uploadDetail } from './upload-detail.ts'

/** An entry of the audit trail names this many. */
const AUDITED_AT_ONCE = 100

export function createConflictReview({ db, blobs }: { db: Database; blobs: BlobStore }) {
  return {
    decideConflicts: async (
      actor: Actor,
      uploadId: string,
      { decision, reason, sha256s }: InputOf<Operations['decideConflicts']>['body'],
    ) => {
      const files = await db.transaction(async (tx) => {
        const { status, project_id: projectId } = await lockUpload(tx, uploadId)
        if (status !== 'awaiting-qc') throw new PandokError('UPLOAD_NOT_AWAITING_QC')
        const gone = await leaveOut(tx, uploadId, sha256s)
        for (let at = 0; at < gone.length; at += AUDITED_AT_ONCE) {
          await recordAudit(tx, {
            actorId: actor.id,
            projectId,
            action: 'decideConflicts',
            objectKind: 'upload',
            objectId: uploadId,
            details: { decision, reason, files: gone.slice(at, at + AUDITED_AT_ONCE) },
          })
        }
        return gone.map(({ sha256 }) => sha256)
      })
      await removeUnneededBlobs(db, blobs, 'staging', files)
      return await uploadDetail(db, uploadId, actor.id)
    },
  }
}

export async function refuseUndecidedConflicts(tx: Transaction, uploadId: string): Promise<void> {
  if (await hasConflicts(tx, uploadId)) throw new PandokError('UPLOAD_CONFLICTS_UNDECIDED')
}
