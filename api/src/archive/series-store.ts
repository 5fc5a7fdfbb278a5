/** Series and the planes of their instances in SQL. */
import { SeriesFinding } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { InstanceJson } from './instance-json.ts'
import { Planes, planesOf } from './planes.ts'
import type { SeriesInstance } from './series-geometry.ts'

/** What is kept of a series' geometry. */
export const StoredGeometry = z.object({
  slices: z.number(),
  sliceSpacingMm: z.number().nullable(),
  isVolume: z.boolean(),
  findings: z.array(SeriesFinding),
})
export type StoredGeometry = z.output<typeof StoredGeometry>

/** Which series: those of a case, those an upload's files went into, or these. */
export type SeriesOf =
  | { readonly caseId: string }
  | { readonly uploadId: string }
  | { readonly seriesIds: readonly string[] }

const DESCRIPTION = `se.attributes #>> '{0008103E,Value,0}' as description`

const SeriesRow = z
  .object({
    id: z.string(),
    study_instance_uid: z.string(),
    series_instance_uid: z.string(),
    modality: z.string(),
    description: z.string().nullable(),
    instances: z.number(),
    geometry: StoredGeometry.nullable(),
  })
  .transform((row) => ({
    id: row.id,
    studyInstanceUid: row.study_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
    modality: row.modality,
    seriesDescription: row.description,
    instances: row.instances,
    geometry: row.geometry,
  }))

export async function listSeries(db: Queryable, of: SeriesOf) {
  const [condition, value] = conditionOf(of)
  return await db.many(
    SeriesRow,
    `select se.id, s.study_instance_uid, se.series_instance_uid, se.modality, ${DESCRIPTION},
            (select count(*)::int from instance i where i.series_id = se.id) as instances,
            se.geometry
       from series se join study s on s.id = se.study_id
      where ${condition} order by s.study_instance_uid, se.series_instance_uid`,
    [value],
  )
}

const SeriesInstanceRow = z
  .object({
    series_id: z.string(),
    study_instance_uid: z.string(),
    series_instance_uid: z.string(),
    modality: z.string(),
    description: z.string().nullable(),
    sop_instance_uid: z.string(),
    sop_class_uid: z.string(),
    planes: Planes.nullable(),
    metadata: InstanceJson.nullable(),
  })
  .transform((row): SeriesInstance & { readonly seriesId: string } => ({
    seriesId: row.series_id,
    studyInstanceUid: row.study_instance_uid,
    seriesInstanceUid: row.series_instance_uid,
    modality: row.modality,
    seriesDescription: row.description,
    sopInstanceUid: row.sop_instance_uid,
    sopClassUid: row.sop_class_uid,
    planes: row.planes ?? planesOf(row.metadata ?? {}),
  }))

/** By series, then by SOP Instance UID. */
export async function planesOfSeries(db: Queryable, of: SeriesOf) {
  const [condition, value] = conditionOf(of)
  return await db.many(
    SeriesInstanceRow,
    `select se.id as series_id, s.study_instance_uid, se.series_instance_uid, se.modality,
            ${DESCRIPTION}, i.sop_instance_uid, i.sop_class_uid, i.planes,
            case when i.planes is null then i.metadata end as metadata
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where ${condition} order by se.series_instance_uid, i.sop_instance_uid`,
    [value],
  )
}

export async function setGeometry(
  tx: Transaction,
  seriesId: string,
  geometry: StoredGeometry,
): Promise<void> {
  await tx.run('update series set geometry = $2 where id = $1', [
    seriesId,
    JSON.stringify(geometry),
  ])
}

function conditionOf(of: SeriesOf): [sql: string, value: unknown] {
  if ('caseId' in of) {
    return ['s.id in (select study_id from case_study where case_id = $1)', of.caseId]
  }
  if ('seriesIds' in of) return ['se.id = any($1)', of.seriesIds]
  return [
    `se.series_instance_uid in (select instance->>'seriesInstanceUid' from upload_file
       where upload_id = $1 and status = 'archived')
     and s.project_id = (select project_id from upload where id = $1)`,
    of.uploadId,
  ]
}
