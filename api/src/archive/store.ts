/** Subjects, studies, series and instances in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'
import { ArchiveError } from './archive-error.ts'
import { InstanceJson } from './instance-json.ts'

/** What the check read out of a clean file (CleanInstance of the anonymizer). */
const CheckedInstance = z.object({
  patientId: z.string(),
  studyInstanceUid: z.string(),
  seriesInstanceUid: z.string(),
  sopInstanceUid: z.string(),
  sopClassUid: z.string(),
  transferSyntaxUid: z.string(),
  modality: z.string(),
  numberOfFrames: z.number(),
  metadata: InstanceJson,
  frames: FrameIndex,
})
export type CheckedInstance = z.output<typeof CheckedInstance>

export async function uploadToArchive(db: Queryable, uploadId: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string(), key_version: z.number() }),
    `select project_id, key_version from upload where id = $1 and status = 'archiving'`,
    [uploadId],
  )
}

export async function studiesToArchive(db: Queryable, uploadId: string): Promise<string[]> {
  const rows = await db.many(
    z.object({ uid: z.string() }),
    `select distinct instance->>'studyInstanceUid' as uid from upload_file
      where upload_id = $1 and status = 'clean' order by uid`,
    [uploadId],
  )
  return rows.map((row) => row.uid)
}

export async function filesToArchive(db: Queryable, uploadId: string, studyInstanceUid: string) {
  return await db.many(
    z
      .object({ sha256: z.string(), byte_count: z.coerce.number(), instance: CheckedInstance })
      .transform((row) => ({
        sha256: row.sha256,
        bytes: row.byte_count,
        instance: row.instance,
      })),
    `select sha256, byte_count, instance from upload_file
      where upload_id = $1 and status = 'clean' and instance->>'studyInstanceUid' = $2
      order by sha256`,
    [uploadId, studyInstanceUid],
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

const Id = z.object({ id: z.string() })

/** ARCHIVE_CONFLICT when the pseudonym is there under another key: that is somebody else. */
export async function upsertSubject(
  tx: Transaction,
  subject: { projectId: string; pseudonym: string; keyVersion: number },
): Promise<string> {
  const values = [subject.projectId, subject.pseudonym, subject.keyVersion]
  await tx.run(
    `insert into subject (project_id, pseudonym, key_version) values ($1, $2, $3)
     on conflict do nothing`,
    values,
  )
  const row = await tx.maybeOne(
    Id,
    'select id from subject where project_id = $1 and pseudonym = $2 and key_version = $3',
    values,
  )
  if (row === undefined) throw conflict('a subject of another key has this pseudonym')
  return row.id
}

/** ARCHIVE_CONFLICT when the study is there under another project or subject. */
export async function upsertStudy(
  tx: Transaction,
  study: { projectId: string; subjectId: string; uid: string; attributes: object },
): Promise<string> {
  await tx.run(
    `insert into study (project_id, subject_id, study_instance_uid, attributes)
     values ($1, $2, $3, $4) on conflict do nothing`,
    [study.projectId, study.subjectId, study.uid, JSON.stringify(study.attributes)],
  )
  const row = await tx.maybeOne(
    Id,
    'select id from study where study_instance_uid = $1 and project_id = $2 and subject_id = $3',
    [study.uid, study.projectId, study.subjectId],
  )
  if (row === undefined) throw conflict('the study is archived under another subject')
  return row.id
}

/** ARCHIVE_CONFLICT when the series is there under another study. */
export async function upsertSeries(
  tx: Transaction,
  series: { studyId: string; uid: string; modality: string; attributes: object },
): Promise<string> {
  await tx.run(
    `insert into series (study_id, series_instance_uid, modality, attributes)
     values ($1, $2, $3, $4) on conflict do nothing`,
    [series.studyId, series.uid, series.modality, JSON.stringify(series.attributes)],
  )
  const row = await tx.maybeOne(
    Id,
    'select id from series where series_instance_uid = $1 and study_id = $2',
    [series.uid, series.studyId],
  )
  if (row === undefined) throw conflict('the series is archived under another study')
  return row.id
}

/** ARCHIVE_CONFLICT when the SOP Instance UID is there with other bytes or in another series. */
export async function upsertInstance(
  tx: Transaction,
  seriesId: string,
  file: { sha256: string; bytes: number; instance: CheckedInstance },
): Promise<void> {
  const { instance } = file
  await tx.run(
    `insert into instance (series_id, sop_instance_uid, sop_class_uid, transfer_syntax_uid, sha256,
                           byte_count, number_of_frames, metadata, frames)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing`,
    [
      seriesId,
      instance.sopInstanceUid,
      instance.sopClassUid,
      instance.transferSyntaxUid,
      file.sha256,
      file.bytes,
      instance.numberOfFrames,
      JSON.stringify(instance.metadata),
      JSON.stringify(instance.frames),
    ],
  )
  const row = await tx.maybeOne(
    Id,
    'select id from instance where sop_instance_uid = $1 and sha256 = $2 and series_id = $3',
    [instance.sopInstanceUid, file.sha256, seriesId],
  )
  if (row === undefined) throw conflict('an instance is archived with other bytes')
}

/** Uploads are compared with the archive when checked; another may have come first since. */
const conflict = (detail: string) => new ArchiveError('ARCHIVE_CONFLICT', detail)

/** Series, instances and modalities of the study, which searches give without counting. */
export async function countStudy(tx: Transaction, studyId: string): Promise<void> {
  await tx.run('select count_study($1)', [studyId])
}

export async function markArchived(
  tx: Transaction,
  uploadId: string,
  sha256s: readonly string[],
): Promise<void> {
  await tx.run(
    `update upload_file set status = 'archived' where upload_id = $1 and sha256 = any($2)`,
    [uploadId, sha256s],
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
  seriesInstanceUid: string,
): Promise<ArchivedInstance[]> {
  return await db.many(
    InstanceRow,
    `${SELECT_INSTANCE} where se.series_instance_uid = $1 order by i.sop_instance_uid`,
    [seriesInstanceUid],
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
