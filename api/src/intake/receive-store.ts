/** What is being received, in SQL: whole files, and parts of those that are not whole. */
import { UploadStatus } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

export async function statusOf(db: Queryable, uploadId: string): Promise<UploadStatus | undefined> {
  const row = await db.maybeOne(
    z.object({ status: UploadStatus }),
    'select status from upload where id = $1',
    [uploadId],
  )
  return row?.status
}

/**
 * The status, which stays until the transaction ends: whoever changes it locks the row for update.
 * Any number may hold it at once.
 */
export async function holdUpload(tx: Transaction, uploadId: string) {
  return await tx.one(
    z
      .object({ status: UploadStatus, project_id: z.string() })
      .transform((row) => ({ status: row.status, projectId: row.project_id })),
    'select status, project_id from upload where id = $1 for key share',
    [uploadId],
  )
}

/** Same bytes twice are one file: false when it was there. */
export async function insertFile(
  tx: Transaction,
  uploadId: string,
  file: { sha256: string; bytes: number },
): Promise<boolean> {
  const inserted = await tx.run(
    `insert into upload_file (upload_id, sha256, byte_count) values ($1, $2, $3)
     on conflict do nothing`,
    [uploadId, file.sha256, file.bytes],
  )
  return inserted === 1
}

const StateRow = z
  .object({
    sha256: z.string(),
    is_received: z.boolean(),
    at: z.coerce.number(),
    of: z.coerce.number(),
  })
  .transform((row) => ({
    sha256: row.sha256,
    isReceived: row.is_received,
    offset: row.at,
    length: row.of,
  }))

/** Those of `sha256s` that are there or begun; the others are not named. */
export async function statesOf(db: Queryable, uploadId: string, sha256s: readonly string[]) {
  return await db.many(
    StateRow,
    `select sha256, true as is_received, byte_count as at, byte_count as of
       from upload_file where upload_id = $1 and sha256 = any($2)
     union all
     select sha256, false, offset_bytes, byte_count
       from upload_unfinished u where upload_id = $1 and sha256 = any($2)
        and not exists (select from upload_file f
                         where f.upload_id = u.upload_id and f.sha256 = u.sha256)`,
    [uploadId, sha256s],
  )
}

/**
 * What is known of a file that comes in parts; the first who asks declares its length. undefined:
 * somebody else finished it between the two statements.
 */
export async function beginFile(
  tx: Transaction,
  uploadId: string,
  file: { sha256: string; length: number },
) {
  await tx.run(
    `insert into upload_unfinished (upload_id, sha256, byte_count) values ($1, $2, $3)
     on conflict do nothing`,
    [uploadId, file.sha256, file.length],
  )
  return await tx.maybeOne(
    z
      .object({ byte_count: z.coerce.number(), offset_bytes: z.coerce.number() })
      .transform((row) => ({ length: row.byte_count, offset: row.offset_bytes })),
    'select byte_count, offset_bytes from upload_unfinished where upload_id = $1 and sha256 = $2',
    [uploadId, file.sha256],
  )
}

/** False when the file does not end at `offset` any more: somebody else was first. */
export async function insertPart(
  tx: Transaction,
  uploadId: string,
  sha256: string,
  part: { offset: number; bytes: number; sha256: string },
): Promise<boolean> {
  const moved = await tx.run(
    `update upload_unfinished set offset_bytes = offset_bytes + $4, changed_at = now()
      where upload_id = $1 and sha256 = $2 and offset_bytes = $3`,
    [uploadId, sha256, part.offset, part.bytes],
  )
  if (moved === 0) return false
  await tx.run(
    `insert into upload_part (upload_id, sha256, offset_bytes, byte_count, part_sha256)
     values ($1, $2, $3, $4, $5)`,
    [uploadId, sha256, part.offset, part.bytes, part.sha256],
  )
  return true
}

/** Names of the parts' blobs, from the first to the last. */
export async function partsOf(db: Queryable, uploadId: string, sha256: string): Promise<string[]> {
  const rows = await db.many(
    z.object({ part_sha256: z.string() }),
    `select part_sha256 from upload_part where upload_id = $1 and sha256 = $2 order by offset_bytes`,
    [uploadId, sha256],
  )
  return rows.map((row) => row.part_sha256)
}

/** The names of the blobs that were its parts. */
export async function dropUnfinished(
  tx: Transaction,
  uploadId: string,
  sha256: string,
): Promise<string[]> {
  const parts = await partsOf(tx, uploadId, sha256)
  await tx.run('delete from upload_unfinished where upload_id = $1 and sha256 = $2', [
    uploadId,
    sha256,
  ])
  return parts
}

/** Files of which nobody sent anything for so long, or whose upload is closed. */
export async function abandonedFiles(db: Queryable, afterHours: number) {
  return await db.many(
    z
      .object({ upload_id: z.string(), sha256: z.string() })
      .transform((row) => ({ uploadId: row.upload_id, sha256: row.sha256 })),
    `select f.upload_id, f.sha256 from upload_unfinished f join upload u on u.id = f.upload_id
      where u.status <> 'receiving' or f.changed_at < now() - make_interval(hours => $1)
      limit 1000`,
    [afterHours],
  )
}

export async function setDiscarded(tx: Transaction, uploadId: string, personId: string) {
  await tx.run(`update upload set status = 'discarded', decided_by = $2 where id = $1`, [
    uploadId,
    personId,
  ])
}

export async function filesOf(db: Queryable, uploadId: string): Promise<string[]> {
  const rows = await db.many(
    z.object({ sha256: z.string() }),
    'select sha256 from upload_file where upload_id = $1',
    [uploadId],
  )
  return rows.map((row) => row.sha256)
}
