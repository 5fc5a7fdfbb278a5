/** Uploads in SQL. */
import { DeidReport, Finding, UploadSource, UploadStatus } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'
import { personOf } from '../platform/person.ts'

const UploadRow = z
  .object({
    id: z.string(),
    project_id: z.string(),
    project_key: z.string(),
    status: UploadStatus,
    created_at: z.date(),
    failure_code: z.string().nullable(),
    source: UploadSource,
    is_identified: z.boolean(),
    sender: z.string().nullable(),
    report: DeidReport.nullable(),
    profile_version: z.number(),
    profile_label: z.string(),
    key_version: z.number(),
    look_frames: z.number().nullable(),
    look_of: z.number().nullable(),
    person_id: z.string(),
    username: z.string(),
    display_name: z.string(),
    received: z.number(),
    clean: z.number(),
    conflicts: z.number(),
    refused: z.number(),
    archived: z.number(),
    bytes: z.coerce.number(),
  })
  .transform((row) => ({
    id: row.id,
    projectId: row.project_id,
    projectKey: row.project_key,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    createdBy: { id: row.person_id, username: row.username, displayName: row.display_name },
    failureCode: row.failure_code,
    source: row.source,
    isIdentified: row.is_identified,
    sender: row.sender,
    report: row.report,
    profileVersion: row.profile_version,
    profileLabel: row.profile_label,
    keyVersion: row.key_version,
    look:
      row.look_frames === null || row.look_of === null
        ? null
        : { frames: row.look_frames, of: row.look_of },
    files: {
      received: row.received,
      checked: row.clean + row.conflicts + row.refused,
      clean: row.clean,
      conflicts: row.conflicts,
      refused: row.refused,
      archived: row.archived,
      bytes: row.bytes,
    },
  }))
export type UploadRow = z.output<typeof UploadRow>

const SELECT = `
  select u.id, u.project_id, p.key as project_key, u.status, u.created_at, u.failure_code, u.report,
         u.source, u.is_identified, u.sender,
         u.profile_version, d.label as profile_label, u.key_version, look.*,
         person.id as person_id, person.username, person.display_name, f.*
    from upload u
    join project p on p.id = u.project_id
    join deid_profile d on d.project_id = u.project_id and d.version = u.profile_version
    join person on person.id = u.created_by
    cross join lateral (
      select sum(looked_frames)::int as look_frames, sum(planned_frames)::int as look_of
        from pixel_look where upload_id = u.id) look
    cross join lateral (
      select count(*) filter (where not is_output)::int as received,
             count(*) filter (where status in ('clean', 'archived'))::int as clean,
             count(*) filter (where status = 'conflict')::int as conflicts,
             count(*) filter (where status = 'refused')::int as refused,
             count(*) filter (where status = 'archived')::int as archived,
             coalesce(sum(byte_count) filter (where not is_output), 0) as bytes
        from upload_file where upload_id = u.id) f`

/** With the profile and the key that are in force now. */
export async function insertUpload(tx: Transaction, projectId: string, personId: string) {
  return await tx.one(
    z
      .object({ id: z.string(), profile_version: z.number(), key_version: z.number() })
      .transform((row) => ({
        id: row.id,
        profileVersion: row.profile_version,
        keyVersion: row.key_version,
      })),
    `insert into upload (project_id, created_by, profile_version, key_version)
     select p.id, $2, (select max(version) from deid_profile where project_id = p.id), p.key_version
       from project p where p.id = $1
     returning id, profile_version, key_version`,
    [projectId, personId],
  )
}

export async function uploadById(db: Queryable, id: string): Promise<UploadRow | undefined> {
  return await db.maybeOne(UploadRow, `${SELECT} where u.id = $1`, [id])
}

export async function uploadsOfProject(db: Queryable, projectId: string): Promise<UploadRow[]> {
  return await db.many(
    UploadRow,
    `${SELECT} where u.project_id = $1 order by u.created_at desc limit 200`,
    [projectId],
  )
}

export async function projectOfUpload(db: Queryable, id: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }).transform((row) => ({ projectId: row.project_id })),
    'select project_id from upload where id = $1',
    [id],
  )
}

/** The status, with the row locked until the transaction ends. */
export async function lockUpload(tx: Transaction, id: string) {
  return await tx.one(
    z.object({ status: UploadStatus, project_id: z.string() }),
    'select status, project_id from upload where id = $1 for update',
    [id],
  )
}

/** Held until the transaction ends; in the order of the hashes, so that nobody waits in a ring. */
export async function lockBlobs(tx: Transaction, sha256s: readonly string[]): Promise<void> {
  await tx.run(
    `select pg_advisory_xact_lock(hashtextextended(sha256, 0))
       from (select distinct sha256 from unnest($1::text[]) sha256 order by sha256) locked`,
    [sha256s],
  )
}

type SharedArea = 'incoming' | keyof typeof NEEDED_BY

/** The uploads whose files still need their blob in the area, by state of upload and file. */
const NEEDED_BY = {
  quarantine: { files: ['received'], uploads: ['receiving', 'checking'] },
  staging: { files: ['clean', 'conflict'], uploads: ['checking', 'awaiting-qc', 'archiving'] },
} as const

export async function neededBlobs(
  tx: Transaction,
  area: SharedArea,
  sha256s: readonly string[],
): Promise<string[]> {
  const Row = z.object({ sha256: z.string() })
  if (area === 'incoming') {
    const parts = await tx.many(
      Row,
      'select distinct part_sha256 as sha256 from upload_part where part_sha256 = any($1)',
      [sha256s],
    )
    return parts.map((row) => row.sha256)
  }
  const { files, uploads } = NEEDED_BY[area]
  const rows = await tx.many(
    Row,
    `select distinct f.sha256 from upload_file f join upload u on u.id = f.upload_id
      where f.sha256 = any($1) and f.status = any($2) and (u.status = any($3) or u.awaits_retry)`,
    [sha256s, files, uploads],
  )
  return rows.map((row) => row.sha256)
}

/** The next hashes of the area that are needed, in their order. */
export async function waitingBlobs(
  db: Queryable,
  area: SharedArea,
  after: string,
  limit: number,
): Promise<string[]> {
  const Row = z.object({ sha256: z.string() })
  if (area === 'incoming') {
    const parts = await db.many(
      Row,
      `select distinct part_sha256 as sha256 from upload_part where part_sha256 > $1
        order by part_sha256 limit $2`,
      [after, limit],
    )
    return parts.map((row) => row.sha256)
  }
  const { files, uploads } = NEEDED_BY[area]
  const rows = await db.many(
    Row,
    `select distinct f.sha256 from upload_file f join upload u on u.id = f.upload_id
      where f.sha256 > $1 and f.status in ('received', 'clean', 'conflict') and f.status = any($2)
        and (u.status = any($3) or u.awaits_retry)
      order by f.sha256 limit $4`,
    [after, files, uploads, limit],
  )
  return rows.map((row) => row.sha256)
}

export async function missingFiles(
  tx: Transaction,
  uploadId: string,
  sha256s: readonly string[],
): Promise<string[]> {
  const rows = await tx.many(
    z.object({ sha256: z.string() }),
    `select named as sha256 from unnest($2::text[]) named
      where not exists (select from upload_file where upload_id = $1 and sha256 = named)`,
    [uploadId, sha256s],
  )
  return rows.map((row) => row.sha256)
}

/** Nothing more is received; `collided`: pseudonyms that stand for another patient. */
export async function closeUpload(
  tx: Transaction,
  uploadId: string,
  collided: readonly string[],
): Promise<void> {
  await tx.run(`update upload set status = 'checking', collided_pseudonyms = $2 where id = $1`, [
    uploadId,
    collided,
  ])
}

export async function setDecision(
  tx: Transaction,
  uploadId: string,
  status: 'archiving' | 'rejected',
  personId: string,
): Promise<void> {
  await tx.run('update upload set status = $2, decided_by = $3 where id = $1', [
    uploadId,
    status,
    personId,
  ])
}

export async function setReport(
  tx: Transaction,
  uploadId: string,
  report: DeidReport,
): Promise<void> {
  await tx.run('update upload set report = $2 where id = $1', [uploadId, JSON.stringify(report)])
}

export async function refusalsOf(db: Queryable, uploadId: string) {
  return await db.many(
    z
      .object({ sha256: z.string(), refusal_code: z.string(), findings: z.array(Finding) })
      .transform((row) => ({ sha256: row.sha256, code: row.refusal_code, findings: row.findings })),
    `select sha256, refusal_code, findings from upload_file
      where upload_id = $1 and status = 'refused' order by sha256 limit 1000`,
    [uploadId],
  )
}

/** With what the person has opened of it. */
export async function seriesOf(db: Queryable, uploadId: string, personId: string) {
  return await db.many(
    SeriesRow,
    `with series as (
       select instance->>'studyInstanceUid' as "studyInstanceUid",
              instance->>'patientId' as pseudonym,
              instance->>'seriesInstanceUid' as "seriesInstanceUid",
              instance->>'modality' as modality, count(*)::int as instances
         from upload_file where upload_id = $1 and status in ('clean', 'archived')
        group by 1, 2, 3, 4)
     select series.*, coalesce(l.looked_frames, 0) as looked, coalesce(l.frames, 0) as frames,
            coalesce(l.must_be_seen, false) as must_be_seen, s.seen_at,
            person.id as person_id, person.username, person.display_name, found.*
       from series
       left join pixel_look l
         on l.upload_id = $1 and l.series_instance_uid = series."seriesInstanceUid"
       left join pixel_seen s
         on s.upload_id = $1 and s.series_instance_uid = series."seriesInstanceUid"
        and s.person_id = $2
       left join person on person.id = s.person_id
       cross join lateral (
         select count(*)::int as findings,
                (count(*) filter (where decision is null))::int as undecided
           from pixel_finding
          where upload_id = $1 and series_instance_uid = series."seriesInstanceUid") found
      order by 1, 3`,
    [uploadId, personId],
  )
}

const SeriesRow = z
  .object({
    studyInstanceUid: z.string(),
    pseudonym: z.string(),
    seriesInstanceUid: z.string(),
    modality: z.string(),
    instances: z.number(),
    looked: z.number(),
    frames: z.number(),
    must_be_seen: z.boolean(),
    seen_at: z.date().nullable(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
    findings: z.number(),
    undecided: z.number(),
  })
  .transform((row) => ({
    studyInstanceUid: row.studyInstanceUid,
    pseudonym: row.pseudonym,
    seriesInstanceUid: row.seriesInstanceUid,
    modality: row.modality,
    instances: row.instances,
    pixels: {
      looked: { frames: row.looked, of: row.frames },
      mustBeSeen: row.must_be_seen,
      seenBy: personOf(row),
      seenAt: row.seen_at?.toISOString() ?? null,
      findings: { files: row.findings, undecided: row.undecided },
    },
  }))

/** The first number of an attribute in the metadata of a file (DICOM JSON Model, PS3.18 F.2). */
const numberAt = (tag: string) => `(instance #>> '{metadata,${tag},Value,0}')::float8`

const ImageRow = z.object({
  sha256: z.string(),
  numberOfFrames: z.number(),
  transferSyntaxUid: z.string(),
  isNative: z.boolean(),
  photometricInterpretation: z.string(),
  isPlanar: z.boolean(),
  rows: z.number(),
  columns: z.number(),
  samplesPerPixel: z.number(),
  bitsAllocated: z.number(),
  bitsStored: z.number(),
  isSigned: z.boolean(),
  isInverted: z.boolean(),
  rescaleSlope: z.number(),
  rescaleIntercept: z.number(),
  windowCenter: z.number().nullable(),
  windowWidth: z.number().nullable(),
})

/** Clean images of a series by Instance Number, then by UID. */
export async function imagesOf(db: Queryable, uploadId: string, seriesInstanceUid: string) {
  return await db.many(
    ImageRow,
    `select sha256, (instance->>'numberOfFrames')::int as "numberOfFrames",
            instance->>'transferSyntaxUid' as "transferSyntaxUid",
            instance->>'transferSyntaxUid' = any($3) as "isNative",
            coalesce(instance #>> '{metadata,00280004,Value,0}', 'MONOCHROME2')
              as "photometricInterpretation",
            coalesce(${numberAt('00280006')}, 0) = 1 as "isPlanar",
            ${numberAt('00280010')} as rows, ${numberAt('00280011')} as columns,
            coalesce(${numberAt('00280002')}, 1) as "samplesPerPixel",
            ${numberAt('00280100')} as "bitsAllocated",
            coalesce(${numberAt('00280101')}, ${numberAt('00280100')}) as "bitsStored",
            coalesce(${numberAt('00280103')}, 0) = 1 as "isSigned",
            coalesce(instance #>> '{metadata,00280004,Value,0}' = 'MONOCHROME1', false)
              as "isInverted",
            coalesce(${numberAt('00281053')}, 1) as "rescaleSlope",
            coalesce(${numberAt('00281052')}, 0) as "rescaleIntercept",
            ${numberAt('00281050')} as "windowCenter", ${numberAt('00281051')} as "windowWidth"
       from upload_file
      where upload_id = $1 and status in ('clean', 'archived')
        and instance->>'seriesInstanceUid' = $2
      order by ${numberAt('00200013')} nulls last, instance->>'sopInstanceUid'`,
    [uploadId, seriesInstanceUid, NATIVE],
  )
}

/** Implicit and explicit VR little endian (PS3.5 A.1, A.2). */
const NATIVE = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']

/** Where the frames of a file lie, while somebody may look at them. */
export async function cleanFile(db: Queryable, uploadId: string, sha256: string) {
  return await db.maybeOne(
    z.object({
      status: z.enum(['clean', 'archived']),
      sha256: z.string(),
      frames: FrameIndex,
    }),
    `select f.status, f.sha256, f.instance->'frames' as frames
       from upload_file f join upload u on u.id = f.upload_id
      where f.upload_id = $1 and f.sha256 = $2 and f.status in ('clean', 'archived')
        and u.status in ('awaiting-qc', 'archiving', 'archived')`,
    [uploadId, sha256],
  )
}

/** Cases that hold a study of this upload. */
export async function casesOf(db: Queryable, uploadId: string): Promise<string[]> {
  const rows = await db.many(
    z.object({ case_id: z.string() }),
    `select distinct cs.case_id from upload_file f
       join study s on s.study_instance_uid = f.instance->>'studyInstanceUid'
       join case_study cs on cs.study_id = s.id
      where f.upload_id = $1 and f.status = 'archived'`,
    [uploadId],
  )
  return rows.map((row) => row.case_id)
}

export async function filesWith(
  db: Queryable,
  uploadId: string,
  statuses: readonly ('clean' | 'conflict' | 'refused')[],
): Promise<string[]> {
  const rows = await db.many(
    z.object({ sha256: z.string() }),
    'select sha256 from upload_file where upload_id = $1 and status = any($2)',
    [uploadId, statuses],
  )
  return rows.map((row) => row.sha256)
}
