/**
 * What readers make, as append-only revisions. A save names the assignment it is made under and
 * the revision it builds on; a retry after a lost answer is recognised and saved once.
 */
import { PandokError, type SeriesGeometry } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database, Queryable } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import { finishTask, holdTask } from '../workflow/index.ts'
import { mergeStrokes } from './run-map.ts'
import * as store from './store.ts'

export interface AnnotationDependencies {
  readonly db: Database
  readonly geometriesOfCase: (caseId: string) => Promise<SeriesGeometry[]>
}

export interface NewRevision {
  readonly assignmentId: string
  readonly clientRevisionId: string
  readonly baseRevision: number
  readonly seriesInstanceUid: string
  readonly runs: readonly number[]
}

export interface NewMeasurement {
  readonly id: string
  readonly assignmentId: string
  readonly baseRevision: number
  readonly kind: 'length'
  readonly pointsMm: readonly [readonly number[], readonly number[]]
  readonly sopInstanceUid: string
  readonly frameOfReferenceUid: string
  readonly removed: boolean
}

export function createAnnotationService({ db, geometriesOfCase }: AnnotationDependencies) {
  return {
    /** The segmentation of an annotate task as it stands. */
    segmentation: async (annotateTaskId: string) => {
      const revision = await store.latestRevision(db, annotateTaskId)
      const state = await stateAt(db, annotateTaskId, revision)
      return {
        taskId: annotateTaskId,
        revision,
        seriesInstanceUid: state?.seriesInstanceUid ?? null,
        runs: state?.runs ?? [],
      }
    },

    appendRevision: async (actor: Actor, taskId: string, save: NewRevision) => {
      const known = await store.revisionOfClient(db, taskId, save.clientRevisionId)
      if (known !== undefined) return known
      return await db.transaction(async (tx) => {
        const task = await holdTask(tx, actor, taskId, save.assignmentId)
        // Again, now that the task is locked: the first try may have committed in between.
        const repeated = await store.revisionOfClient(tx, taskId, save.clientRevisionId)
        if (repeated !== undefined) return repeated
        const latest = await store.latestRevision(tx, taskId)
        if (latest !== save.baseRevision) {
          throw new PandokError('REVISION_STALE', `the newest revision is ${latest}`)
        }
        await checkFits(task.caseId, save)
        if (latest > 0) await checkSameSeries(tx, taskId, save.seriesInstanceUid)
        const revision = latest + 1
        await store.insertRevision(tx, { ...save, taskId, revision, authorId: actor.id })
        await recordAudit(tx, {
          actorId: actor.id,
          projectId: task.projectId,
          action: 'appendSegmentationRevision',
          objectKind: 'task',
          objectId: taskId,
          details: { revision, runs: save.runs.length / 3 },
        })
        return { revision }
      })
    },

    measurements: async (annotateTaskId: string) => {
      const rows = await store.latestMeasurements(db, annotateTaskId)
      return rows
        .filter((row) => !row.removed)
        .map(({ removed: _removed, ...row }) => ({ ...row, lengthMm: distanceMm(row.pointsMm) }))
    },

    putMeasurement: (actor: Actor, taskId: string, save: NewMeasurement) =>
      db.transaction(async (tx) => {
        const task = await holdTask(tx, actor, taskId, save.assignmentId)
        const latest = await store.latestAnnotationRevision(tx, save.id)
        if (latest !== undefined && latest.task_id !== taskId) throw new PandokError('NOT_FOUND')
        const known = latest?.revision ?? 0
        if (known !== save.baseRevision) {
          throw new PandokError('REVISION_STALE', `the newest revision is ${known}`)
        }
        if (!(await store.isInstanceOfCase(tx, task.caseId, save.sopInstanceUid))) {
          throw new PandokError('INPUT_INVALID', 'the image does not belong to the case')
        }
        const revision = known + 1
        await store.insertAnnotation(tx, {
          ...save,
          annotationId: save.id,
          taskId,
          revision,
          authorId: actor.id,
        })
        await recordAudit(tx, {
          actorId: actor.id,
          projectId: task.projectId,
          action: 'putMeasurement',
          objectKind: 'task',
          objectId: taskId,
          details: { measurementId: save.id, revision, removed: save.removed },
        })
        return { revision, lengthMm: distanceMm(save.pointsMm) }
      }),

    /** Hands the work in; an empty segmentation is no work. */
    submit: (actor: Actor, taskId: string, assignmentId: string) =>
      db.transaction(async (tx) => {
        const task = await holdTask(tx, actor, taskId, assignmentId)
        const revision = await store.latestRevision(tx, taskId)
        const state = await stateAt(tx, taskId, revision)
        if (state === undefined || state.runs.length === 0) {
          throw new PandokError('SEGMENTATION_EMPTY')
        }
        return await finishTask(tx, actor, task, { kind: 'submitted' })
      }),
  }

  /** The runs must lie inside a series of the case that can be a volume. */
  async function checkFits(caseId: string, save: NewRevision): Promise<void> {
    const series = (await geometriesOfCase(caseId)).find(
      (each) => each.seriesInstanceUid === save.seriesInstanceUid,
    )
    if (series === undefined || !series.isVolume) {
      throw new PandokError('INPUT_INVALID', 'the series is no volume of the case')
    }
    const voxels = series.rows * series.columns * series.sopInstanceUids.length
    const lastRun = save.runs.length - 3
    const end = (save.runs[lastRun] ?? 0) + (save.runs[lastRun + 1] ?? 0)
    if (end > voxels) throw new PandokError('INPUT_INVALID', 'the runs lie outside the volume')
  }
}

export type AnnotationService = ReturnType<typeof createAnnotationService>

async function checkSameSeries(
  db: Queryable,
  taskId: string,
  seriesInstanceUid: string,
): Promise<void> {
  const [first] = await store.revisionsUpTo(db, taskId, 1)
  if (first !== undefined && first.series_instance_uid !== seriesInstanceUid) {
    throw new PandokError('INPUT_INVALID', 'the segmentation of this task is on another series')
  }
}

async function stateAt(db: Queryable, taskId: string, revision: number) {
  const strokes = await store.revisionsUpTo(db, taskId, revision)
  const [first] = strokes
  if (first === undefined) return undefined
  return {
    seriesInstanceUid: first.series_instance_uid,
    runs: mergeStrokes(strokes.map((stroke) => stroke.runs)),
  }
}

/** The segmentation of a case as it stood at a revision; undefined when there was none. */
export async function segmentationAt(
  db: Queryable,
  caseId: string,
  revision: number,
): Promise<{ seriesInstanceUid: string; runs: number[] } | undefined> {
  const task = await store.annotateTaskOfCase(db, caseId)
  return task === undefined ? undefined : await stateAt(db, task.id, revision)
}

/** The newest revision of a task's segmentation; 0 when there is none. */
export const latestSegmentationRevision = store.latestRevision
export const isInstanceOfCase = store.isInstanceOfCase

function distanceMm([a, b]: readonly [readonly number[], readonly number[]]): number {
  return Math.hypot(...a.map((value, axis) => value - (b[axis] ?? 0)))
}
