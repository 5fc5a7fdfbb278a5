/**
 * Cases, tasks and what readers make: segmentations, measurements, verdicts.
 *
 * A case passes annotate → review-1 → review-2 → accepted; a return leads back to its author.
 * Every save names the assignment it is made under, so that a late save of somebody who no longer
 * holds the task is refused and never mixed in (fencing).
 */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { Id, IsoDateTime, PointMm, ProjectKey, Uid } from '../primitives.ts'
import { Runs } from '../segmentation-runs.ts'
import { SeriesFinding } from '../series-finding.ts'
import { Person, SegmentLabel } from './people.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })
const task = z.object({ taskId: Id })
const kase = z.object({ caseId: Id })

export const TASK_KINDS = ['annotate', 'review-1', 'review-2'] as const
export const TaskKind = z.enum(TASK_KINDS)
export type TaskKind = z.infer<typeof TaskKind>

/** Where a case waits. */
export const Stage = z.enum([...TASK_KINDS, 'accepted'])
export type Stage = z.infer<typeof Stage>

/** A task's state: open to take, held by somebody, sent back to its author, or done. */
export const TaskStatus = z.enum(['ready', 'in-progress', 'returned', 'done'])
export type TaskStatus = z.infer<typeof TaskStatus>

/** Why work was sent back (coded; the comment says the rest). */
export const RETURN_REASONS = [
  'boundary-too-wide',
  'boundary-too-narrow',
  'wrong-class',
  'missed-lesion',
  'false-lesion',
  'wrong-slice-range',
  'wrong-side',
  'attribute-error',
  'image-quality',
  'personal-data-seen',
  'guideline-unclear',
  'other',
] as const
export const ReturnReason = z.enum(RETURN_REASONS)
export type ReturnReason = z.infer<typeof ReturnReason>

export const Task = z.object({
  id: Id,
  projectKey: ProjectKey,
  caseId: Id,
  pseudonym: z.string(),
  kind: TaskKind,
  status: TaskStatus,
  /** 1 at first, one more after each return. */
  round: z.number().int().positive(),
  /** Whoever holds it now. */
  assignment: z.object({ id: Id, person: Person, since: IsoDateTime }).nullable(),
  updatedAt: IsoDateTime,
})
export type Task = z.infer<typeof Task>

/**
 * One readable series. Slices are in ascending order of their position along the slice normal
 * (row × column direction); all lengths in mm, coordinates LPS.
 */
export const SeriesGeometry = z.object({
  studyInstanceUid: Uid,
  seriesInstanceUid: Uid,
  frameOfReferenceUid: Uid,
  sopClassUid: Uid,
  modality: z.string(),
  seriesDescription: z.string().nullable(),
  sopInstanceUids: z.array(Uid).min(1),
  rows: z.number().int().positive(),
  columns: z.number().int().positive(),
  rowSpacingMm: z.number().positive(),
  columnSpacingMm: z.number().positive(),
  sliceSpacingMm: z.number().positive(),
  orientation: z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()]),
  positions: z.array(PointMm),
  /** What is odd about the series. */
  findings: z.array(SeriesFinding),
  /** No finding forbids to take its slices for one volume. */
  isVolume: z.boolean(),
})
export type SeriesGeometry = z.infer<typeof SeriesGeometry>

export const Pin = z.object({
  text: z.string().min(1).max(1000),
  sopInstanceUid: Uid,
  pointMm: PointMm,
})
export type Pin = z.infer<typeof Pin>

export const Review = z.object({
  id: Id,
  taskId: Id,
  kind: z.enum(['review-1', 'review-2']),
  round: z.number().int().positive(),
  reviewer: Person,
  verdict: z.enum(['accept', 'return']),
  reason: ReturnReason.nullable(),
  comment: z.string().nullable(),
  pins: z.array(Pin.extend({ id: Id })),
  /** The revision of the segmentation that was looked at. */
  segmentationRevision: z.number().int(),
  createdAt: IsoDateTime,
})
export type Review = z.infer<typeof Review>

export const TaskDetail = Task.extend({
  series: z.array(SeriesGeometry),
  segments: z.array(SegmentLabel),
  reviews: z.array(Review),
  /** The annotate task whose work this task makes or looks at. */
  annotateTaskId: Id,
  /** True when the asker may change the segmentation now. */
  canEdit: z.boolean(),
})
export type TaskDetail = z.infer<typeof TaskDetail>

export const CaseSummary = z.object({
  id: Id,
  projectKey: ProjectKey,
  pseudonym: z.string(),
  stage: Stage,
  createdAt: IsoDateTime,
  studies: z.number().int(),
  instances: z.number().int(),
  hasOutcome: z.boolean(),
})
export type CaseSummary = z.infer<typeof CaseSummary>

const READERS = ['labeler', 'reviewer', 'second-reviewer'] as const
const OVERSEERS = ['data-manager', 'manager', 'auditor', 'researcher'] as const

export const listCases = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/cases',
  summary: 'The cases of the project',
  tag: 'cases',
  access: { kind: 'project', scope: 'project', roles: [...OVERSEERS] },
  params: project,
  query: z.object({ stage: Stage.optional() }),
  body: undefined,
  output: z.object({ items: z.array(CaseSummary) }),
  errors: [],
  audit: 'none',
})

export const getCase = operation({
  method: 'GET',
  path: '/api/cases/:caseId',
  summary: 'A case with its tasks and reviews',
  tag: 'cases',
  access: { kind: 'project', scope: 'case', roles: [...OVERSEERS] },
  params: kase,
  query: none,
  body: undefined,
  output: CaseSummary.extend({ tasks: z.array(Task), reviews: z.array(Review) }),
  errors: [],
  audit: 'none',
})

export const getProgress = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/progress',
  summary: 'How many cases wait where',
  tag: 'cases',
  access: { kind: 'project', scope: 'project', roles: ['manager', 'data-manager', 'auditor'] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({
    cases: z.number().int(),
    byStage: z.record(Stage, z.number().int()),
    outcomes: z.number().int(),
    releases: z.number().int(),
  }),
  errors: [],
  audit: 'none',
})

export const listMyTasks = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/tasks/mine',
  summary: 'The tasks I hold, and what was sent back to me',
  tag: 'tasks',
  access: { kind: 'project', scope: 'project', roles: [...READERS] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({
    items: z.array(Task),
    /** How many tasks of each kind I could take now. */
    waiting: z.record(TaskKind, z.number().int()),
  }),
  errors: [],
  audit: 'none',
})

export const takeNextTask = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/tasks/next',
  summary:
    'Take the next task: one I hold already, else one sent back to me, else the oldest ready',
  tag: 'tasks',
  access: { kind: 'project', scope: 'project', roles: [...READERS] },
  params: project,
  query: none,
  body: z.object({ kind: TaskKind }),
  output: z.object({ task: Task.nullable() }),
  errors: [],
  audit: 'service',
})

export const getTask = operation({
  method: 'GET',
  path: '/api/tasks/:taskId',
  summary: 'A task with the images to read',
  tag: 'tasks',
  access: { kind: 'project', scope: 'task', roles: [...READERS, 'manager', 'auditor'] },
  params: task,
  query: none,
  body: undefined,
  output: TaskDetail,
  errors: [],
  audit: 'read',
})

export const releaseTask = operation({
  method: 'POST',
  path: '/api/tasks/:taskId/release',
  summary: 'Give the task back; the work made so far stays with the case',
  tag: 'tasks',
  access: { kind: 'project', scope: 'task', roles: [...READERS] },
  params: task,
  query: none,
  body: z.object({ assignmentId: Id }),
  output: Task,
  errors: ['TASK_NOT_ASSIGNED_TO_YOU'],
  audit: 'service',
})

export const submitTask = operation({
  method: 'POST',
  path: '/api/tasks/:taskId/submit',
  summary: 'Hand the annotation in for review',
  tag: 'tasks',
  access: { kind: 'project', scope: 'task', roles: ['labeler'] },
  params: task,
  query: none,
  body: z.object({ assignmentId: Id }),
  output: Task,
  errors: ['TASK_NOT_ASSIGNED_TO_YOU', 'TASK_WRONG_STATUS', 'SEGMENTATION_EMPTY'],
  audit: 'service',
})

export const Segmentation = z.object({
  taskId: Id,
  seriesInstanceUid: Uid.nullable(),
  /** 0 before the first stroke. */
  revision: z.number().int().nonnegative(),
  runs: z.array(z.number().int()),
})
export type Segmentation = z.infer<typeof Segmentation>

export const getSegmentation = operation({
  method: 'GET',
  path: '/api/tasks/:taskId/segmentation',
  summary: 'The segmentation as it stands (of a review task: the one under review)',
  tag: 'annotations',
  access: { kind: 'project', scope: 'task', roles: [...READERS, 'manager', 'auditor'] },
  params: task,
  query: none,
  body: undefined,
  output: Segmentation,
  errors: [],
  audit: 'none',
})

export const appendSegmentationRevision = operation({
  method: 'POST',
  path: '/api/tasks/:taskId/segmentation/revisions',
  summary: 'Save what a stroke changed; the same clientRevisionId twice is one revision',
  tag: 'annotations',
  access: { kind: 'project', scope: 'task', roles: ['labeler'] },
  params: task,
  query: none,
  body: z.object({
    assignmentId: Id,
    clientRevisionId: Id,
    baseRevision: z.number().int().nonnegative(),
    seriesInstanceUid: Uid,
    runs: Runs,
  }),
  output: z.object({ revision: z.number().int().positive() }),
  errors: ['TASK_NOT_ASSIGNED_TO_YOU', 'TASK_WRONG_STATUS', 'REVISION_STALE'],
  audit: 'service',
})

/** A length between two points (SR TID 300), kept as doubles in mm LPS. */
export const Measurement = z.object({
  id: Id,
  revision: z.number().int().positive(),
  kind: z.literal('length'),
  pointsMm: z.tuple([PointMm, PointMm]),
  sopInstanceUid: Uid,
  frameOfReferenceUid: Uid,
  lengthMm: z.number().nonnegative(),
  author: Person,
})
export type Measurement = z.infer<typeof Measurement>

export const listMeasurements = operation({
  method: 'GET',
  path: '/api/tasks/:taskId/measurements',
  summary: 'The measurements as they stand',
  tag: 'annotations',
  access: { kind: 'project', scope: 'task', roles: [...READERS, 'manager', 'auditor'] },
  params: task,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Measurement) }),
  errors: [],
  audit: 'none',
})

export const putMeasurement = operation({
  method: 'PUT',
  path: '/api/tasks/:taskId/measurements/:measurementId',
  summary: 'Save a new revision of a measurement, or that it was removed',
  tag: 'annotations',
  access: { kind: 'project', scope: 'task', roles: ['labeler'] },
  params: task.extend({ measurementId: Id }),
  query: none,
  body: z.object({
    assignmentId: Id,
    /** 0 for a new one. */
    baseRevision: z.number().int().nonnegative(),
    kind: z.literal('length'),
    pointsMm: z.tuple([PointMm, PointMm]),
    sopInstanceUid: Uid,
    frameOfReferenceUid: Uid,
    removed: z.boolean().default(false),
  }),
  output: z.object({ revision: z.number().int().positive(), lengthMm: z.number() }),
  errors: ['TASK_NOT_ASSIGNED_TO_YOU', 'TASK_WRONG_STATUS', 'REVISION_STALE'],
  audit: 'service',
})

export const decideReview = operation({
  method: 'POST',
  path: '/api/tasks/:taskId/verdict',
  summary: 'Accept the work, or return it with a reason and comments placed on the images',
  tag: 'reviews',
  access: { kind: 'project', scope: 'task', roles: ['reviewer', 'second-reviewer'] },
  params: task,
  query: none,
  body: z.object({
    assignmentId: Id,
    verdict: z.enum(['accept', 'return']),
    reason: ReturnReason.optional(),
    comment: z.string().max(1000).optional(),
    pins: z.array(Pin).max(200).default([]),
  }),
  output: Review,
  errors: ['TASK_NOT_ASSIGNED_TO_YOU', 'TASK_WRONG_STATUS', 'REVIEW_REASON_MISSING'],
  audit: 'service',
})
