/**
 * Background work and what became of it. A *failed* job is a dead letter: its attempts are spent, and
 * a person starts it again or gives it up.
 */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { Id, IsoDateTime, ProjectKey } from '../primitives.ts'

export const JobState = z.enum(['queued', 'running', 'done', 'failed', 'cancelled'])
export type JobState = z.infer<typeof JobState>

/** Rates and the time left follow from what this attempt has done; null until it is known. */
export const JobProgress = z.object({
  files: z.number().int(),
  of: z.number().int(),
  /** Null where the job does not count bytes. */
  bytes: z.number().nullable(),
  ofBytes: z.number().nullable(),
  filesPerSecond: z.number().nullable(),
  bytesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
})
export type JobProgress = z.infer<typeof JobProgress>

export const Job = z.object({
  id: Id,
  /** Such as deidentification.check. */
  name: z.string(),
  /** Null: work of the whole installation. */
  projectKey: ProjectKey.nullable(),
  /** What it is about, such as an upload. */
  subject: z.object({ kind: z.string(), id: z.string() }).nullable(),
  state: JobState,
  /** Somebody has cancelled it; it ends when its worker notices. */
  isCancelling: z.boolean(),
  attempts: z.number().int(),
  /** The code of why the last attempt ended. */
  reason: z.string().nullable(),
  progress: JobProgress.nullable(),
  createdAt: IsoDateTime,
  startedAt: IsoDateTime.nullable(),
  finishedAt: IsoDateTime.nullable(),
  /** The machine and process that had it last. */
  worker: z.object({ host: z.string(), pid: z.number().int() }).nullable(),
  /** What may still be done with it, by who has the right. */
  canCancel: z.boolean(),
  canRetry: z.boolean(),
})
export type Job = z.infer<typeof Job>

const none = z.object({})
const job = z.object({ jobId: Id })

const page = z.object({
  state: JobState.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
const JobPage = z.object({
  /** Newest first. */
  items: z.array(Job),
  /** Of all, whatever was asked for. */
  counts: z.object({
    queued: z.number().int(),
    running: z.number().int(),
    failed: z.number().int(),
  }),
})

const seesJobs = ['data-manager', 'manager', 'auditor'] as const
const endsJobs = ['data-manager', 'manager'] as const

export const listJobs = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/jobs',
  summary: 'The background work of the project',
  tag: 'jobs',
  access: { kind: 'project', scope: 'project', roles: seesJobs, admin: true },
  params: z.object({ projectKey: ProjectKey }),
  query: page,
  body: undefined,
  output: JobPage,
  errors: [],
  audit: 'none',
})

export const listInstallationJobs = operation({
  method: 'GET',
  path: '/api/jobs',
  summary: 'The background work of all projects and of the installation',
  tag: 'jobs',
  access: { kind: 'admin' },
  params: none,
  query: page,
  body: undefined,
  output: JobPage,
  errors: [],
  audit: 'none',
})

export const getJob = operation({
  method: 'GET',
  path: '/api/jobs/:jobId',
  summary: 'One job and how far it is',
  tag: 'jobs',
  access: { kind: 'project', scope: 'job', roles: seesJobs, admin: true },
  params: job,
  query: none,
  body: undefined,
  output: Job,
  errors: [],
  audit: 'none',
})

export const cancelJob = operation({
  method: 'POST',
  path: '/api/jobs/:jobId/cancel',
  summary: 'End a job, or give up one that has failed; its upload ends with JOB_CANCELLED',
  tag: 'jobs',
  access: { kind: 'project', scope: 'job', roles: endsJobs, admin: true },
  params: job,
  query: none,
  body: none,
  output: Job,
  errors: ['JOB_FINISHED'],
  audit: 'service',
})

export const retryJob = operation({
  method: 'POST',
  path: '/api/jobs/:jobId/retry',
  summary: 'Start a failed job again',
  tag: 'jobs',
  access: { kind: 'project', scope: 'job', roles: endsJobs, admin: true },
  params: job,
  query: none,
  body: none,
  output: Job,
  errors: ['JOB_NOT_RETRYABLE'],
  audit: 'service',
})

export const cancelInstallationJob = operation({
  method: 'POST',
  path: '/api/installation-jobs/:jobId/cancel',
  summary: 'End a job of the whole installation',
  tag: 'jobs',
  access: { kind: 'admin' },
  params: job,
  query: none,
  body: none,
  output: Job,
  errors: ['NOT_FOUND', 'JOB_FINISHED'],
  audit: 'service',
})

export const retryInstallationJob = operation({
  method: 'POST',
  path: '/api/installation-jobs/:jobId/retry',
  summary: 'Start a failed job of the whole installation again',
  tag: 'jobs',
  access: { kind: 'admin' },
  params: job,
  query: none,
  body: none,
  output: Job,
  errors: ['NOT_FOUND', 'JOB_NOT_RETRYABLE'],
  audit: 'service',
})
