/** Subjects, studies, series and instances in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'
import { InstanceJson } from './instance-json.ts'

export async function uploadToArchive(db: Queryable, uploadId: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string(), key_version: z.number() }),
    `select project_id, key_version from upload where id = $1 and status = 'archiving'`,
    [uploadId],
  )
}

/** Hashes of the files that passed the check, archived or not yet. */
export async function approvedFiles(db: Queryable, uploadId: string): Promise<string[]> {
  const rows = await db.many(
    z.object({ sha256: z.string() }),
    `select sha256 from upload_file where upload_id = $1 and status in ('clean', 'archived')`,
    [uploadId],
  )
  return rows.map((row) => row.sha256)
}

/** Of the files that passed the check. */
export async function archivedSoFar(db: Queryable, uploadId: string) {
  return await db.one(
    z
      .object({
        files: z.number(),
        of: z.number(),
        bytes: z.coerce.number(),
        of_bytes: z.coerce.number(),
      })
      .transform(({ of_bytes, ...row }) => ({ ...row, ofBytes: of_bytes })),
    `select count(*) filter (where status = 'archived')::int as files, count(*)::int as of,
            coalesce(sum(byte_count) filter (where status = 'archived'), 0) as bytes,
            coalesce(sum(byte_count), 0) as of_bytes
       from upload_file where upload_id = $1 and status in ('clean', 'archived')`,
    [uploadId],
  )
}

export async function finishUpload(tx: Transaction, uploadId: string): Promise<void> {
  await tx.run(`update upload set status = 'archived' where id = $1 and status = 'archiving'`, [
    uploadId,
  ])
}

/** `awaitsRetry`: a person may start it again, so its files stay. */
export async function failUpload(
  tx: Transaction,
  uploadId: string,
  code: string,
  { awaitsRetry = false } = {},
): Promise<void> {
  await tx.run(
    `update upload set status = 'failed', failure_code = $2, awaits_retry = $3
      where id = $1 and status = 'archiving'`,
    [uploadId, code, awaitsRetry],
  )
}

/** False: it did not fail on its way into the archive, or its files are gone. */
export async function reviveUpload(tx: Transaction, uploadId: string): Promise<boolean> {
  const revived = await tx.run(
    `update upload set status = 'archiving', failure_code = null, awaits_retry = false
      where id = $1 and status = 'failed' and awaits_retry and decided_by is not null`,
    [uploadId],
  )
  return revived === 1
}

const InstanceRow = z
  .object({
    study_instance_uid: z.string(),
    series_instance_uid: z.string(),
    sop_instance_uid: z.string(),
    sop_class_uid: z.string(),
    transfer_syntax_uid: z.string(),
    modality: z.string(),
    sha256: z.string(),
    byte_count: z.coerce.number(),
    metadata: InstanceJson,
    frames: FrameIndex,
  })
  .transform((row) => ({
    studyInstanceUid: row.study_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
    sopInstanceUid: row.sop_instance_uid,
    sopClassUid: row.sop_class_uid,
    transferSyntaxUid: row.transfer_syntax_uid,
    modality: row.modality,
    sha256: row.sha256,
    bytes: row.byte_count,
    metadata: row.metadata,
    frames: row.frames,
  }))
export type ArchivedInstance = z.output<typeof InstanceRow>

const SELECT_INSTANCE = `
  select s.study_instance_uid, se.series_instance_uid, i.sop_instance_uid, i.sop_class_uid,
         i.transfer_syntax_uid, se.modality, i.sha256, i.byte_count, i.metadata, i.frames
    from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id`

export async function instancesOfSeries(
  db: Queryable,
  caseId: string,
  seriesInstanceUid: string,
): Promise<ArchivedInstance[]> {
  return await db.many(
    InstanceRow,
    `${SELECT_INSTANCE} join case_study cs on cs.study_id = s.id
      where cs.case_id = $1 and se.series_instance_uid = $2 order by i.sop_instance_uid`,
    [caseId, seriesInstanceUid],
  )
}

export async function countInstancesOfCase(db: Queryable, caseId: string): Promise<number> {
  const row = await db.one(
    z.object({ count: z.number() }),
    `select count(*)::int as count from case_study cs join series se on se.study_id = cs.study_id
       join instance i on i.series_id = se.id where cs.case_id = $1`,
    [caseId],
  )
  return row.count
}
