/** What WADO-RS reads, in SQL; metadata leaves the database as text, never parsed on the way. */
import { z } from 'zod'
import type { Queryable } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'
import type { Scope } from './search-store.ts'

/** s: a study. Another project may have archived one of the same UID, and that before. */
export const IS_FIRST = `not exists (select from study o
  where o.study_instance_uid = s.study_instance_uid and (o.created_at, o.id) < (s.created_at, s.id))`

const ProjectRow = z
  .object({ project_id: z.string() })
  .transform((row) => ({ projectId: row.project_id }))

/** Of several studies of one UID that the person may see, the one that was archived first. */
export async function projectOfStudy(db: Queryable, studyInstanceUid: string, personId: string) {
  return await db.maybeOne(
    ProjectRow,
    `select s.project_id from study s
      where s.study_instance_uid = $1
      order by exists (select from membership m
                        where m.person_id = $2 and m.project_id = s.project_id) desc,
               s.created_at, s.id limit 1`,
    [studyInstanceUid, personId],
  )
}

export interface InstancePath {
  readonly study: string
  readonly series: string
  readonly instance: string
}

export interface StoredInstance extends InstancePath {
  readonly projectId: string
  /** Whether its study is the first that was archived under its UID, in any project. */
  readonly isFirst: boolean
  readonly sha256: string
  readonly bytes: number
  readonly transferSyntaxUid: string
  readonly numberOfFrames: number
  /** [] where there are no pixel data. */
  readonly frames: FrameIndex
}

const StoredRow = z
  .object({
    study: z.string(),
    series: z.string(),
    instance: z.string(),
    project_id: z.string(),
    is_first: z.boolean(),
    sha256: z.string(),
    bytes: z.coerce.number(),
    transfer_syntax_uid: z.string(),
    number_of_frames: z.number(),
    frames: FrameIndex,
  })
  .transform(
    ({ project_id, is_first, transfer_syntax_uid, number_of_frames, ...row }): StoredInstance => ({
      ...row,
      projectId: project_id,
      isFirst: is_first,
      transferSyntaxUid: transfer_syntax_uid,
      numberOfFrames: number_of_frames,
    }),
  )

const SELECT_STORED = `
  select s.study_instance_uid as study, se.series_instance_uid as series,
         i.sop_instance_uid as instance, s.project_id, ${IS_FIRST} as is_first,
         i.sha256, i.byte_count as bytes,
         i.transfer_syntax_uid, i.number_of_frames, i.frames
    from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id`

/** The instance, and with it its whole series where that has at most `most` instances. */
export async function instanceAndItsSeries(
  db: Queryable,
  path: InstancePath & { readonly projectId: string },
  most: number,
) {
  return await db.many(
    StoredRow,
    `${SELECT_STORED}
      where s.study_instance_uid = $1 and se.series_instance_uid = $2
        and (i.sop_instance_uid = $3 or se.instance_count <= $4) and s.project_id = $5`,
    [path.study, path.series, path.instance, most, path.projectId],
  )
}

/** The next of a study's or series' instances in the order of series and SOP Instance UID. */
export async function instancesAfter(
  db: Queryable,
  scope: Scope,
  after: { series: string; instance: string } | undefined,
  limit: number,
) {
  return await db.many(
    StoredRow,
    `${SELECT_STORED}
      where s.study_instance_uid = $1 and s.project_id = $2
        and ($3::text is null or se.series_instance_uid = $3)
        and ($4::text is null or (se.series_instance_uid, i.sop_instance_uid) > ($4, $5))
      order by se.series_instance_uid, i.sop_instance_uid limit $6`,
    [
      scope.study,
      scope.projectId,
      scope.series ?? null,
      after?.series ?? null,
      after?.instance ?? null,
      limit,
    ],
  )
}

/** Which transfer syntaxes a study or series has; [] where it is not there. */
export async function transferSyntaxes(db: Queryable, scope: Scope): Promise<string[]> {
  const rows = await db.many(
    z.object({ transfer_syntax_uid: z.string() }),
    `select distinct i.transfer_syntax_uid
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where s.study_instance_uid = $1 and s.project_id = $2
        and ($3::text is null or se.series_instance_uid = $3)`,
    [scope.study, scope.projectId, scope.series ?? null],
  )
  return rows.map((row) => row.transfer_syntax_uid)
}

/** The image in the middle of the study's largest series of images, or of the series. */
export async function representative(db: Queryable, scope: Scope) {
  return await db.maybeOne(
    StoredRow,
    `with chosen as (
       select se.id from series se join study s on s.id = se.study_id
        where s.study_instance_uid = $1 and s.project_id = $2
          and ($3::text is null or se.series_instance_uid = $3)
          and exists (select from instance i where i.series_id = se.id and i.frames <> '[]')
        order by se.instance_count desc nulls last, se.id limit 1),
     image as (
       select i.id, count(*) over () as images,
              row_number() over (order by
                case when i.metadata #>> '{00200013,Value,0}' ~ '^\\d{1,9}$'
                     then (i.metadata #>> '{00200013,Value,0}')::int end nulls last,
                i.sop_instance_uid) as place
         from instance i where i.series_id = (select id from chosen) and i.frames <> '[]')
     ${SELECT_STORED} where i.id = (select id from image where place = images / 2 + 1)`,
    [scope.study, scope.projectId, scope.series ?? null],
  )
}
