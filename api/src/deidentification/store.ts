/** Files under check, in SQL. */
import { PseudonymFormat } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

export async function pseudonymFormat(db: Queryable, projectId: string): Promise<PseudonymFormat> {
  return await db.one(
    PseudonymFormat,
    'select pseudonym_prefix as prefix, pseudonym_digits as digits from project where id = $1',
    [projectId],
  )
}

export async function uploadUnderCheck(db: Queryable, uploadId: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }),
    `select project_id from upload where id = $1 and status = 'checking'`,
    [uploadId],
  )
}

/** Hashes of the files not yet judged. */
export async function uncheckedFiles(db: Queryable, uploadId: string) {
  return await db.many(
    z.object({ sha256: z.string() }),
    `select sha256 from upload_file where upload_id = $1 and status = 'received' order by sha256`,
    [uploadId],
  )
}

export async function markClean(
  db: Queryable,
  uploadId: string,
  sha256: string,
  instance: object,
): Promise<void> {
  await db.run(
    `update upload_file set status = 'clean', instance = $3 where upload_id = $1 and sha256 = $2`,
    [uploadId, sha256, JSON.stringify(instance)],
  )
}

export async function markRefused(
  db: Queryable,
  uploadId: string,
  sha256: string,
  code: string,
  findings: readonly object[],
): Promise<void> {
  await db.run(
    `update upload_file set status = 'refused', refusal_code = $3, findings = $4
      where upload_id = $1 and sha256 = $2`,
    [uploadId, sha256, code, JSON.stringify(findings)],
  )
}

/** Another file, here or in the archive, that claims the same SOP Instance UID. */
export async function hasSopInstanceConflict(
  db: Queryable,
  uploadId: string,
  sha256: string,
  sopInstanceUid: string,
): Promise<boolean> {
  const found = await db.maybeOne(
    z.object({}),
    `select from upload_file
      where upload_id = $1 and sha256 <> $2 and status = 'clean'
        and instance->>'sopInstanceUid' = $3
     union all
     select from instance where sop_instance_uid = $3 and sha256 <> $2`,
    [uploadId, sha256, sopInstanceUid],
  )
  return found !== undefined
}

/** True when the study is another project's: nothing of it may be added or even confirmed. */
export async function isStudyElsewhere(
  db: Queryable,
  projectId: string,
  studyInstanceUid: string,
): Promise<boolean> {
  const found = await db.maybeOne(
    z.object({}),
    'select from study where study_instance_uid = $2 and project_id <> $1',
    [projectId, studyInstanceUid],
  )
  return found !== undefined
}

/** How the check of the upload ended. */
export async function finishCheck(tx: Transaction, uploadId: string) {
  return await tx.one(
    z.object({ clean: z.number(), refused: z.number() }),
    `with counts as (
       select count(*) filter (where status in ('clean', 'archived'))::int as clean,
              count(*) filter (where status = 'refused')::int as refused
         from upload_file where upload_id = $1
     ), done as (
       update upload set
         status = case when counts.clean > 0 then 'awaiting-qc' else 'failed' end,
         failure_code = case when counts.clean > 0 then null else 'UPLOAD_NOTHING_CLEAN' end
       from counts where upload.id = $1
     )
     select clean, refused from counts`,
    [uploadId],
  )
}

export async function failUpload(tx: Transaction, uploadId: string, code: string): Promise<void> {
  await tx.run(`update upload set status = 'failed', failure_code = $2 where id = $1`, [
    uploadId,
    code,
  ])
}
