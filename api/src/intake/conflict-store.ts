/** Files whose SOP Instance UID the archive holds with other bytes, in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const ConflictRow = z
  .object({
    sha256: z.string(),
    archived_sha256: z.string(),
    series_instance_uid: z.string(),
    sop_instance_uid: z.string(),
  })
  .transform((row) => ({
    sha256: row.sha256,
    archivedSha256: row.archived_sha256,
    seriesInstanceUid: row.series_instance_uid,
    sopInstanceUid: row.sop_instance_uid,
  }))

export async function conflictsOf(db: Queryable, uploadId: string) {
  return await db.many(
    ConflictRow,
    `select sha256, archived_sha256, instance->>'seriesInstanceUid' as series_instance_uid,
            instance->>'sopInstanceUid' as sop_instance_uid
       from upload_file
      where upload_id = $1 and status = 'conflict'
      order by (instance #>> '{metadata,00200013,Value,0}')::float8 nulls last, sha256 limit 1000`,
    [uploadId],
  )
}

export async function hasConflicts(tx: Transaction, uploadId: string): Promise<boolean> {
  const row = await tx.maybeOne(
    z.unknown(),
    `select from upload_file where upload_id = $1 and status = 'conflict' limit 1`,
    [uploadId],
  )
  return row !== undefined
}

/** The named ones, or all: what was taken out, with what stays. */
export async function leaveOut(
  tx: Transaction,
  uploadId: string,
  sha256s: readonly string[] | undefined,
) {
  return await tx.many(
    z
      .object({ sha256: z.string(), archived_sha256: z.string() })
      .transform((row) => ({ sha256: row.sha256, archivedSha256: row.archived_sha256 })),
    `update upload_file
        set status = 'refused', refusal_code = 'QC_CONFLICT_LEFT_OUT', instance = null
      where upload_id = $1 and status = 'conflict' and ($2::text[] is null or sha256 = any($2))
     returning sha256, archived_sha256`,
    [uploadId, sha256s ?? null],
  )
}
