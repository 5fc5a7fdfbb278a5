/** Files under check, in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

/** Its profile is the one that was in force when it began. */
export async function uploadUnderCheck(db: Queryable, uploadId: string) {
  return await db.maybeOne(
    z
      .object({
        project_id: z.string(),
        profile: z.string(),
        is_identified: z.boolean(),
        key_version: z.number(),
      })
      .transform((row) => ({
        projectId: row.project_id,
        profile: row.profile,
        isIdentified: row.is_identified,
        keyVersion: row.key_version,
      })),
    `select u.project_id, d.text as profile, u.is_identified, u.key_version
       from upload u
       join deid_profile d on d.project_id = u.project_id and d.version = u.profile_version
      where u.id = $1 and u.status = 'checking' and u.headers_checked_at is null`,
    [uploadId],
  )
}

/** What is not judged yet, and how much the whole upload is. */
export async function filesToCheck(db: Queryable, uploadId: string) {
  const files = await db.many(
    z.object({ sha256: z.string(), bytes: z.coerce.number(), is_waiting: z.boolean() }),
    `select sha256, byte_count as bytes, status = 'received' as is_waiting
       from upload_file where upload_id = $1 order by sha256`,
    [uploadId],
  )
  return {
    waiting: files.filter((file) => file.is_waiting),
    of: files.length,
    ofBytes: files.reduce((total, { bytes }) => total + bytes, 0),
  }
}

/** Hashes of the upload's files, of one status or all. */
export async function filesOf(
  db: Queryable,
  uploadId: string,
  status?: 'refused',
): Promise<string[]> {
  const rows = await db.many(
    z.object({ sha256: z.string() }),
    `select sha256 from upload_file
      where upload_id = $1 and ($2::text is null or status = $2) order by sha256`,
    [uploadId, status ?? null],
  )
  return rows.map((row) => row.sha256)
}

/** Only what is not judged yet is judged: a late verdict of a second run changes nothing. */
export async function markClean(
  db: Queryable,
  uploadId: string,
  sha256: string,
  instance: object,
): Promise<void> {
  await db.run(
    `update upload_file set status = 'clean', instance = $3
      where upload_id = $1 and sha256 = $2 and status = 'received'`,
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
      where upload_id = $1 and sha256 = $2 and status = 'received'`,
    [uploadId, sha256, code, JSON.stringify(findings)],
  )
}

/**
 * Takes out clean files that contradict another file of the upload or of what the project has archived
 * (PS3.3 7.3, PS3.5 9: a UID names one thing). Which of two is right cannot be known here: of two in the
 * upload both are refused, and against the archive, of which nothing is overwritten, a person decides
 * (`conflict`). What other projects have is not looked at, so that nobody learns of it.
 *
 * DEID_SOP_INSTANCE_CONFLICT: one SOP Instance UID, other bytes, both in this upload.
 * DEID_HIERARCHY_CONFLICT: one series in two studies, or one study of two subjects.
 * DEID_REFERENCE_CONFLICT: it refers to an instance, series or study of another subject, in this upload or
 * archived in the project (a segmentation, report or structure set of somebody else).
 * DEID_PSEUDONYM_COLLISION: the pseudonym stands for somebody else, by the vault's digests or because
 * a subject of another key has it.
 */
export async function refuseContradictions(
  tx: Transaction,
  projectId: string,
  uploadId: string,
): Promise<void> {
  await tx.run(
    `with clean as materialized (
       select sha256, instance->>'sopInstanceUid' as sop, instance->>'seriesInstanceUid' as series,
              instance->>'studyInstanceUid' as study, instance->>'patientId' as patient
         from upload_file where upload_id = $1 and status = 'clean'
     ), named as materialized (
       select distinct f.sha256, f.instance->>'patientId' as patient, uid #>> '{}' as uid
         from upload_file f
        cross join lateral (
          select jsonb_path_query(f.instance->'metadata', 'strict $.**."00081155".Value[*]')
          union all
          select jsonb_path_query(f.instance->'metadata', 'strict $.**."0020000D".Value[*]')
          union all
          select jsonb_path_query(f.instance->'metadata', 'strict $.**."0020000E".Value[*]')
        ) as reference (uid)
        where f.upload_id = $1 and f.status = 'clean'
     ), of_others as materialized (
       select n.sha256 from named n
         join (select sop as uid, patient from clean union select series, patient from clean
               union select study, patient from clean) c on c.uid = n.uid and c.patient <> n.patient
       union
       select n.sha256 from named n
         join lateral (
           select s.subject_id from study s where s.project_id = $2 and s.study_instance_uid = n.uid
           union all
           select s.subject_id from series se join study s on s.id = se.study_id
            where se.project_id = $2 and se.series_instance_uid = n.uid
           union all
           select s.subject_id from instance i join series se on se.id = i.series_id
             join study s on s.id = se.study_id
            where i.project_id = $2 and i.sop_instance_uid = n.uid) there on true
         join subject p on p.id = there.subject_id and p.pseudonym <> n.patient
     ), judged as (
       select c.sha256, archived.sha256 as archived_sha256, case
         when sop in (select sop from clean group by sop having count(*) > 1)
           then 'DEID_SOP_INSTANCE_CONFLICT'
         when archived.sha256 is not null then 'conflict'
         when series in (select series from clean group by series having count(distinct study) > 1)
           or study in (select study from clean group by study having count(distinct patient) > 1)
           or exists (select from series se join study s on s.id = se.study_id
                       where se.project_id = $2 and se.series_instance_uid = series
                         and s.study_instance_uid <> study)
           or exists (select from study s join subject p on p.id = s.subject_id
                       where s.project_id = $2 and s.study_instance_uid = study
                         and p.pseudonym <> patient)
           then 'DEID_HIERARCHY_CONFLICT'
         when c.sha256 in (select sha256 from of_others) then 'DEID_REFERENCE_CONFLICT'
         when exists (select from subject p join upload u on u.id = $1
                       where p.project_id = $2 and p.pseudonym = patient
                         and p.key_version <> u.key_version)
           or exists (select from upload u where u.id = $1 and patient = any(u.collided_pseudonyms))
           then 'DEID_PSEUDONYM_COLLISION'
       end as code
       from clean c
       left join instance archived on archived.project_id = $2 and archived.sop_instance_uid = sop
                                  and archived.sha256 <> c.sha256
     )
     update upload_file f set
         status = case code when 'conflict' then 'conflict' else 'refused' end,
         refusal_code = case code when 'conflict' then null else code end,
         archived_sha256 = case code when 'conflict' then judged.archived_sha256 end,
         instance = case code when 'conflict' then instance end
       from judged
      where f.upload_id = $1 and f.sha256 = judged.sha256 and judged.code is not null`,
    [uploadId, projectId],
  )
}

/** Files whose SOP Instance UID the archive holds with other bytes. */
export async function conflictsOf(db: Queryable, uploadId: string, limit: number) {
  return await db.many(
    z
      .object({ sha256: z.string(), archived_sha256: z.string() })
      .transform((row) => ({ sha256: row.sha256, archivedSha256: row.archived_sha256 })),
    `select sha256, archived_sha256 from upload_file
      where upload_id = $1 and status = 'conflict' order by sha256 limit $2`,
    [uploadId, limit],
  )
}

/** How the check of headers ended; the look at pixels follows where something is left to decide. */
export async function finishCheck(tx: Transaction, uploadId: string) {
  return await tx.one(
    z.object({ clean: z.number(), conflicts: z.number(), refused: z.number() }),
    `with counts as (
       select count(*) filter (where status in ('clean', 'archived'))::int as clean,
              count(*) filter (where status = 'conflict')::int as conflicts,
              count(*) filter (where status = 'refused')::int as refused
         from upload_file where upload_id = $1
     ), done as (
       update upload set
         status = case when counts.clean + counts.conflicts = 0 then 'failed' else 'checking' end,
         headers_checked_at = now(),
         failure_code = case when counts.clean + counts.conflicts > 0 then null
                             else 'UPLOAD_NOTHING_CLEAN' end
       from counts where upload.id = $1 and upload.status = 'checking'
     )
     select clean, conflicts, refused from counts`,
    [uploadId],
  )
}

/** `awaitsRetry`: a person may start the check again, so its files stay. */
export async function failUpload(
  tx: Transaction,
  uploadId: string,
  code: string,
  { awaitsRetry = false } = {},
): Promise<void> {
  await tx.run(
    `update upload set status = 'failed', failure_code = $2, awaits_retry = $3
      where id = $1 and status = 'checking'`,
    [uploadId, code, awaitsRetry],
  )
}

/** False: its check did not fail, or its files are gone. */
export async function reviveUpload(tx: Transaction, uploadId: string): Promise<boolean> {
  const revived = await tx.run(
    `update upload set status = 'checking', failure_code = null, awaits_retry = false
      where id = $1 and status = 'failed' and awaits_retry and headers_checked_at is null`,
    [uploadId],
  )
  return revived === 1
}

/** The project of an upload that ended before anything of it was archived. */
export async function projectOfUnkept(
  db: Queryable,
  uploadId: string,
): Promise<string | undefined> {
  const row = await db.maybeOne(
    z.object({ project_id: z.string() }),
    `select project_id from upload u where id = $1 and status in ('rejected', 'failed')
        and not exists (select from upload_file f where f.upload_id = u.id and f.status = 'archived')`,
    [uploadId],
  )
  return row?.project_id
}
