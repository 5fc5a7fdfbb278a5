/**
 * Writing a study into the archive in SQL, hundreds of instances a statement. What is there already is
 * left as it is; what is there as something else is a conflict.
 */
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'
import { ArchiveError } from './archive-error.ts'
import { InstanceJson } from './instance-json.ts'
import type { Plane } from './planes.ts'

/** What the check read out of a clean file (CleanInstance of the anonymizer), whole metadata left out. */
const CheckedInstance = z.object({
  patientId: z.string(),
  studyInstanceUid: z.string(),
  seriesInstanceUid: z.string(),
  sopInstanceUid: z.string(),
  sopClassUid: z.string(),
  transferSyntaxUid: z.string(),
  modality: z.string(),
  numberOfFrames: z.number(),
  frames: FrameIndex,
})

/** The whole of it, as it stands with the file. */
export type CheckedFile = z.output<typeof CheckedInstance> & { readonly metadata: InstanceJson }

const FileRow = z
  .object({ sha256: z.string(), instance: CheckedInstance, attributes: InstanceJson })
  .transform(({ sha256, instance, attributes }) => ({ sha256, ...instance, attributes }))
export type FileToArchive = z.output<typeof FileRow>

/** Hashes of the files that passed the check and are not archived yet, by study. */
export async function filesByStudy(
  db: Queryable,
  uploadId: string,
): Promise<Map<string, string[]>> {
  const rows = await db.many(
    z.object({ study: z.string(), sha256: z.string() }),
    `select instance->>'studyInstanceUid' as study, sha256 from upload_file
      where upload_id = $1 and status = 'clean' order by study, sha256`,
    [uploadId],
  )
  const studies = Map.groupBy(rows, ({ study }) => study)
  return new Map([...studies].map(([study, files]) => [study, files.map(({ sha256 }) => sha256)]))
}

/** With these attributes of their metadata alone. */
export async function filesToArchive(
  db: Queryable,
  uploadId: string,
  sha256s: readonly string[],
  tags: readonly string[],
): Promise<FileToArchive[]> {
  return await db.many(
    FileRow,
    `select sha256, instance - 'metadata' as instance,
            (select coalesce(jsonb_object_agg(key, value), '{}')
               from jsonb_each(instance->'metadata') where key = any($3)) as attributes
       from upload_file where upload_id = $1 and sha256 = any($2) order by sha256`,
    [uploadId, sha256s, tags],
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

/** ARCHIVE_CONFLICT when the project has the study under another subject. */
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

export interface SeriesToArchive {
  readonly uid: string
  readonly modality: string
  readonly attributes: InstanceJson
}

/** Ids by Series Instance UID. ARCHIVE_CONFLICT when the project has one under another study. */
export async function upsertSeries(
  tx: Transaction,
  { studyId, projectId }: { studyId: string; projectId: string },
  series: readonly SeriesToArchive[],
): Promise<Map<string, string>> {
  // In one order, so that two who bring the same series wait for each other and never in a ring.
  const sorted = series.toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
  const uids = sorted.map(({ uid }) => uid)
  await tx.run(
    `insert into series (study_id, project_id, series_instance_uid, modality, attributes)
     select $1, $2, * from unnest($3::text[], $4::text[], $5::jsonb[]) on conflict do nothing`,
    [
      studyId,
      projectId,
      uids,
      sorted.map(({ modality }) => modality),
      sorted.map(({ attributes }) => JSON.stringify(attributes)),
    ],
  )
  const rows = await tx.many(
    z.object({ id: z.string(), uid: z.string() }),
    `select id, series_instance_uid as uid from series
      where series_instance_uid = any($1) and study_id = $2`,
    [uids, studyId],
  )
  if (rows.length < series.length) throw conflict('a series is archived under another study')
  return new Map(rows.map(({ uid, id }) => [uid, id]))
}

export interface InstanceToArchive {
  readonly sha256: string
  readonly seriesId: string
  readonly sopInstanceUid: string
  readonly planes: readonly Plane[]
}

/**
 * Metadata and frames go from the file's row to the instance's within the database.
 * ARCHIVE_CONFLICT when the project has a SOP Instance UID with other bytes or in another series.
 */
export async function insertInstances(
  tx: Transaction,
  { uploadId, projectId }: { uploadId: string; projectId: string },
  instances: readonly InstanceToArchive[],
): Promise<void> {
  const sorted = instances.toSorted((a, b) => (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1))
  const sha256s = sorted.map(({ sha256 }) => sha256)
  const seriesIds = sorted.map(({ seriesId }) => seriesId)
  const uids = sorted.map(({ sopInstanceUid }) => sopInstanceUid)
  await tx.run(
    `insert into instance (series_id, project_id, sop_instance_uid, sop_class_uid,
                           transfer_syntax_uid, sha256, byte_count, number_of_frames, metadata,
                           frames, planes)
     select n.series_id, $6, n.uid, c."sopClassUid", c."transferSyntaxUid", f.sha256, f.byte_count,
            c."numberOfFrames", c.metadata, c.frames, n.planes
       from unnest($2::text[], $3::uuid[], $4::text[], $5::jsonb[])
              with ordinality as n (sha256, series_id, uid, planes, number)
       join upload_file f on f.upload_id = $1 and f.sha256 = n.sha256
      cross join lateral jsonb_to_record(f.instance) as c (
        "sopClassUid" text, "transferSyntaxUid" text, "numberOfFrames" int, metadata jsonb,
        frames jsonb)
      order by n.number
     on conflict do nothing`,
    [
      uploadId,
      sha256s,
      seriesIds,
      uids,
      sorted.map(({ planes }) => JSON.stringify(planes)),
      projectId,
    ],
  )
  const { there } = await tx.one(
    z.object({ there: z.number() }),
    `select count(*)::int as there
       from unnest($1::text[], $2::uuid[], $3::text[]) as n (sha256, series_id, uid)
       join instance i on i.sop_instance_uid = n.uid and i.sha256 = n.sha256
                      and i.series_id = n.series_id`,
    [sha256s, seriesIds, uids],
  )
  if (there < instances.length) throw conflict('an instance is archived with other bytes')
}

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

/** Uploads are compared with the archive when checked; another may have come first since. */
const conflict = (detail: string) => new ArchiveError('ARCHIVE_CONFLICT', detail)
