/** What DICOMweb reads, in SQL; metadata leaves the database as text, never parsed on the way. */
import { z } from 'zod'
import type { Queryable } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'

export async function projectOfStudy(db: Queryable, studyInstanceUid: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }).transform((row) => ({ projectId: row.project_id })),
    'select project_id from study where study_instance_uid = $1',
    [studyInstanceUid],
  )
}

const Text = z.object({ json: z.string(), count: z.number() })

/** One JSON array of all instances of the series. */
export async function seriesMetadata(db: Queryable, study: string, series: string) {
  return await db.one(
    Text,
    `select coalesce('[' || string_agg(i.metadata::text, ',' order by i.sop_instance_uid) || ']', '[]')
              as json, count(*)::int as count
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where s.study_instance_uid = $1 and se.series_instance_uid = $2`,
    [study, series],
  )
}

export interface InstancePath {
  readonly study: string
  readonly series: string
  readonly instance: string
}

/** undefined unless study, series and instance hang together. */
export async function instanceAt(db: Queryable, path: InstancePath) {
  return await db.maybeOne(
    z.object({
      sha256: z.string(),
      bytes: z.coerce.number(),
      transfer_syntax_uid: z.string(),
      frames: FrameIndex,
      metadata: z.string(),
    }),
    `select i.sha256, i.byte_count as bytes, i.transfer_syntax_uid, i.frames,
            '[' || i.metadata::text || ']' as metadata
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where s.study_instance_uid = $1 and se.series_instance_uid = $2 and i.sop_instance_uid = $3`,
    [path.study, path.series, path.instance],
  )
}

export interface Page {
  readonly limit: number
  readonly offset: number
}

const Found = z.object({ json: z.string() })
const arrayOf = (rows: { json: string }[]) => `[${rows.map((row) => row.json).join(',')}]`

export interface StudyQuery extends Page {
  readonly studyInstanceUid: string | undefined
  readonly patientId: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly modality: string | undefined
}

/** Studies of the person's projects that match; a JSON array (PS3.18 table 10.6.3-1). */
export async function findStudies(db: Queryable, personId: string, query: StudyQuery) {
  const rows = await db.many(
    Found,
    `select (s.attributes || jsonb_build_object(
        '0020000D', jsonb_build_object('vr', 'UI', 'Value', jsonb_build_array(s.study_instance_uid)),
        '00080061', jsonb_build_object('vr', 'CS', 'Value', c.modalities),
        '00201206', jsonb_build_object('vr', 'IS', 'Value', jsonb_build_array(c.series)),
        '00201208', jsonb_build_object('vr', 'IS', 'Value', jsonb_build_array(c.instances))))::text
        as json
       from study s join subject on subject.id = s.subject_id
       cross join lateral (
         select coalesce(jsonb_agg(distinct se.modality), '[]') as modalities,
                count(distinct se.id)::int as series, count(i.id)::int as instances
           from series se left join instance i on i.series_id = se.id where se.study_id = s.id) c
      where exists (select from membership m where m.project_id = s.project_id and m.person_id = $1)
        and ($2::text is null or s.study_instance_uid = $2)
        and ($3::text is null or subject.pseudonym = $3)
        and ($4::text is null or s.attributes #>> '{00080020,Value,0}' >= $4)
        and ($5::text is null or s.attributes #>> '{00080020,Value,0}' <= $5)
        and ($6::text is null or c.modalities ? $6)
      order by s.created_at, s.id limit $7 offset $8`,
    [
      personId,
      query.studyInstanceUid ?? null,
      query.patientId ?? null,
      query.from ?? null,
      query.to ?? null,
      query.modality ?? null,
      query.limit,
      query.offset,
    ],
  )
  return arrayOf(rows)
}

export async function findSeries(
  db: Queryable,
  study: string,
  query: Page & { seriesInstanceUid: string | undefined; modality: string | undefined },
) {
  const rows = await db.many(
    Found,
    `select (se.attributes || jsonb_build_object(
        '0020000D', jsonb_build_object('vr', 'UI', 'Value', jsonb_build_array(s.study_instance_uid)),
        '0020000E', jsonb_build_object('vr', 'UI', 'Value', jsonb_build_array(se.series_instance_uid)),
        '00080060', jsonb_build_object('vr', 'CS', 'Value', jsonb_build_array(se.modality)),
        '00201209', jsonb_build_object('vr', 'IS', 'Value', jsonb_build_array(
          (select count(*)::int from instance i where i.series_id = se.id)))))::text as json
       from series se join study s on s.id = se.study_id
      where s.study_instance_uid = $1
        and ($2::text is null or se.series_instance_uid = $2)
        and ($3::text is null or se.modality = $3)
      order by se.created_at, se.id limit $4 offset $5`,
    [study, query.seriesInstanceUid ?? null, query.modality ?? null, query.limit, query.offset],
  )
  return arrayOf(rows)
}

/** The attributes of PS3.18 table 10.6.3-5 out of each instance's metadata. */
const INSTANCE_TAGS = [
  '00080016',
  '00080018',
  '0020000D',
  '0020000E',
  '00200013',
  '00280008',
  '00280010',
  '00280011',
  '00280100',
]

export async function findInstances(
  db: Queryable,
  path: { study: string; series: string },
  query: Page & { sopInstanceUid: string | undefined },
) {
  const rows = await db.many(
    Found,
    `select (select jsonb_object_agg(key, value) from jsonb_each(i.metadata)
              where key = any($3))::text as json
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where s.study_instance_uid = $1 and se.series_instance_uid = $2
        and ($4::text is null or i.sop_instance_uid = $4)
      order by i.sop_instance_uid limit $5 offset $6`,
    [
      path.study,
      path.series,
      INSTANCE_TAGS,
      query.sopInstanceUid ?? null,
      query.limit,
      query.offset,
    ],
  )
  return arrayOf(rows)
}
