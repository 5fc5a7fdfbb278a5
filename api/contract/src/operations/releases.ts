/** From accepted cases to a published data set: cohort (query → frozen members) → release. */
import { z } from 'zod'
import { bytes, operation } from '../operation.ts'
import { Id, IsoDateTime, ProjectKey, Sha256 } from '../primitives.ts'
import { StageGroup, VITAL_STATUSES } from './outcomes.ts'
import { Person } from './people.ts'

const none = z.object({})
const project = z.object({ projectKey: ProjectKey })
const cohort = z.object({ cohortId: Id })
const release = z.object({ releaseId: Id })

const RESEARCH = ['researcher', 'manager', 'auditor'] as const

/** Empty lists do not filter. Only accepted cases with an outcome can be members. */
export const CohortFilter = z.object({
  stageGroups: z.array(StageGroup).default([]),
  vitalStatuses: z.array(z.enum(VITAL_STATUSES)).default([]),
})
export type CohortFilter = z.infer<typeof CohortFilter>

export const CohortMember = z.object({
  caseId: Id,
  pseudonym: z.string(),
  stageGroup: StageGroup.nullable(),
  vitalStatus: z.enum(VITAL_STATUSES),
  segmentationRevision: z.number().int(),
  outcomeRevision: z.number().int(),
})
export type CohortMember = z.infer<typeof CohortMember>

export const Cohort = z.object({
  id: Id,
  projectKey: ProjectKey,
  name: z.string(),
  filter: CohortFilter,
  frozenAt: IsoDateTime.nullable(),
  createdAt: IsoDateTime,
  createdBy: Person,
  members: z.array(CohortMember),
})
export type Cohort = z.infer<typeof Cohort>

export const Release = z.object({
  id: Id,
  projectKey: ProjectKey,
  cohortId: Id,
  cohortName: z.string(),
  number: z.number().int().positive(),
  status: z.enum(['queued', 'building', 'ready', 'failed']),
  progress: z.object({ done: z.number().int(), total: z.number().int() }),
  cases: z.number().int(),
  bytes: z.number().nullable(),
  sha256: Sha256.nullable(),
  failureCode: z.string().nullable(),
  createdAt: IsoDateTime,
  createdBy: Person,
})
export type Release = z.infer<typeof Release>

export const previewCohort = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/cohorts/preview',
  summary: 'Who a filter would take now',
  tag: 'cohorts',
  access: { kind: 'project', scope: 'project', roles: ['researcher'] },
  params: project,
  query: none,
  body: z.object({ filter: CohortFilter }),
  output: z.object({ members: z.array(CohortMember) }),
  errors: [],
  audit: 'none',
})

export const createCohort = operation({
  method: 'POST',
  path: '/api/projects/:projectKey/cohorts',
  summary: 'Save a filter under a name',
  tag: 'cohorts',
  access: { kind: 'project', scope: 'project', roles: ['researcher'] },
  params: project,
  query: none,
  body: z.object({ name: z.string().trim().min(1).max(120), filter: CohortFilter }),
  output: Cohort,
  errors: [],
  audit: 'service',
})

export const listCohorts = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/cohorts',
  summary: 'The cohorts of the project, newest first',
  tag: 'cohorts',
  access: { kind: 'project', scope: 'project', roles: [...RESEARCH] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Cohort) }),
  errors: [],
  audit: 'none',
})

export const freezeCohort = operation({
  method: 'POST',
  path: '/api/cohorts/:cohortId/freeze',
  summary: 'Fix the members and the revisions of their work, for good',
  tag: 'cohorts',
  access: { kind: 'project', scope: 'cohort', roles: ['researcher'] },
  params: cohort,
  query: none,
  body: z.object({}),
  output: Cohort,
  errors: ['COHORT_FROZEN', 'COHORT_EMPTY'],
  audit: 'service',
})

export const createRelease = operation({
  method: 'POST',
  path: '/api/cohorts/:cohortId/releases',
  summary: 'Build a numbered release of a frozen cohort',
  tag: 'releases',
  access: { kind: 'project', scope: 'cohort', roles: ['researcher'] },
  params: cohort,
  query: none,
  body: z.object({}),
  output: Release,
  errors: ['COHORT_NOT_FROZEN'],
  audit: 'service',
})

export const listReleases = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/releases',
  summary: 'The releases of the project, newest first',
  tag: 'releases',
  access: { kind: 'project', scope: 'project', roles: [...RESEARCH] },
  params: project,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Release) }),
  errors: [],
  audit: 'none',
})

export const getRelease = operation({
  method: 'GET',
  path: '/api/releases/:releaseId',
  summary: 'One release and how far its build is',
  tag: 'releases',
  access: { kind: 'project', scope: 'release', roles: [...RESEARCH] },
  params: release,
  query: none,
  body: undefined,
  output: Release,
  errors: [],
  audit: 'none',
})

export const downloadRelease = operation({
  method: 'GET',
  path: '/api/releases/:releaseId/file',
  summary: 'The zip of the release',
  tag: 'releases',
  access: { kind: 'project', scope: 'release', roles: ['researcher'] },
  params: release,
  query: none,
  body: undefined,
  output: bytes('application/zip'),
  errors: ['RELEASE_NOT_READY'],
  audit: 'service',
})
