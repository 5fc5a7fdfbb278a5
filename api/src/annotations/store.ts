/** Revisions of segmentations and measurements in SQL. */
import { PointMm } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

export async function latestRevision(db: Queryable, taskId: string): Promise<number> {
  const row = await db.one(
    z.object({ revision: z.number() }),
    'select coalesce(max(revision), 0) as revision from segmentation_revision where task_id = $1',
    [taskId],
  )
  return row.revision
}

export async function revisionOfClient(db: Queryable, taskId: string, clientRevisionId: string) {
  return await db.maybeOne(
    z.object({ revision: z.number() }),
    `select revision from segmentation_revision where task_id = $1 and client_revision_id = $2`,
    [taskId, clientRevisionId],
  )
}

export async function insertRevision(
  tx: Transaction,
  revision: {
    taskId: string
    revision: number
    clientRevisionId: string
    seriesInstanceUid: string
    assignmentId: string
    authorId: string
    runs: readonly number[]
  },
): Promise<void> {
  await tx.run(
    `insert into segmentation_revision
       (task_id, revision, client_revision_id, series_instance_uid, assignment_id, author_id, runs)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      revision.taskId,
      revision.revision,
      revision.clientRevisionId,
      revision.seriesInstanceUid,
      revision.assignmentId,
      revision.authorId,
      JSON.stringify(revision.runs),
    ],
  )
}

/** Strokes 1..upTo in order. */
export async function revisionsUpTo(db: Queryable, taskId: string, upTo: number) {
  return await db.many(
    z.object({ series_instance_uid: z.string(), runs: z.array(z.number()) }),
    `select series_instance_uid, runs from segmentation_revision
      where task_id = $1 and revision <= $2 order by revision`,
    [taskId, upTo],
  )
}

export async function annotateTaskOfCase(db: Queryable, caseId: string) {
  return await db.maybeOne(
    z.object({ id: z.string() }),
    `select id from task where case_id = $1 and kind = 'annotate'`,
    [caseId],
  )
}

export async function isInstanceOfCase(db: Queryable, caseId: string, sopInstanceUid: string) {
  const found = await db.maybeOne(
    z.object({}),
    `select from instance i join series on series.id = i.series_id
       join case_study cs on cs.study_id = series.study_id
      where cs.case_id = $1 and i.sop_instance_uid = $2`,
    [caseId, sopInstanceUid],
  )
  return found !== undefined
}

const MeasurementRow = z
  .object({
    annotation_id: z.string(),
    revision: z.number(),
    kind: z.literal('length'),
    points_mm: z.tuple([PointMm, PointMm]),
    sop_instance_uid: z.string(),
    frame_of_reference_uid: z.string(),
    removed: z.boolean(),
    person_id: z.string(),
    username: z.string(),
    display_name: z.string(),
  })
  .transform((row) => ({
    id: row.annotation_id,
    revision: row.revision,
    kind: row.kind,
    pointsMm: row.points_mm,
    sopInstanceUid: row.sop_instance_uid,
    frameOfReferenceUid: row.frame_of_reference_uid,
    removed: row.removed,
    author: { id: row.person_id, username: row.username, displayName: row.display_name },
  }))
export type MeasurementRow = z.output<typeof MeasurementRow>

/** The newest revision of every measurement, removed ones too. */
export async function latestMeasurements(db: Queryable, taskId: string): Promise<MeasurementRow[]> {
  return await db.many(
    MeasurementRow,
    `select distinct on (a.annotation_id) a.annotation_id, a.revision, a.kind, a.points_mm,
            a.sop_instance_uid, a.frame_of_reference_uid, a.removed,
            p.id as person_id, p.username, p.display_name
       from annotation_revision a join person p on p.id = a.author_id
      where a.task_id = $1 order by a.annotation_id, a.revision desc`,
    [taskId],
  )
}

export async function latestAnnotationRevision(db: Queryable, annotationId: string) {
  return await db.maybeOne(
    z.object({ revision: z.number(), task_id: z.string() }),
    `select revision, task_id from annotation_revision
      where annotation_id = $1 order by revision desc limit 1`,
    [annotationId],
  )
}

export async function insertAnnotation(
  tx: Transaction,
  annotation: {
    annotationId: string
    revision: number
    taskId: string
    assignmentId: string
    authorId: string
    kind: 'length'
    pointsMm: readonly (readonly number[])[]
    sopInstanceUid: string
    frameOfReferenceUid: string
    removed: boolean
  },
): Promise<void> {
  await tx.run(
    `insert into annotation_revision
       (annotation_id, revision, task_id, assignment_id, author_id, kind, points_mm,
        sop_instance_uid, frame_of_reference_uid, removed)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      annotation.annotationId,
      annotation.revision,
      annotation.taskId,
      annotation.assignmentId,
      annotation.authorId,
      annotation.kind,
      JSON.stringify(annotation.pointsMm),
      annotation.sopInstanceUid,
      annotation.frameOfReferenceUid,
      annotation.removed,
    ],
  )
}
