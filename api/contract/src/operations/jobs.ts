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

/** An attempt that ended without the job being done. */
export const JobAttempt = z.object({
  startedAt: IsoDateTime,
  endedAt: IsoDateTime,
  reason: z.string(),
  /** The machine and process that had it. */
  worker: z.object({ host: z.string(), pid: z.number().int() }),
})
export type JobAttempt = z.infer<typeof JobAttempt>

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
  /** Before the latest, oldest first; the last twenty. */
  pastAttempts: z.array(JobAttempt),
  /** What may still be done with it, by who has the right. */
  canCancel: z.boolean(),
  canRetry: z.boolean(),
})
export type Job = z.infer<typeof Job>

const none = z.object({})
const job = z.object({ jobId: Id })

const seesJobs = ['data-manager', 'manager', 'auditor'] as const
const endsJobs = ['data-manager', 'manager'] as const

const listing = {
  method: 'GET',
  tag: 'jobs',
  query: z.object({
    state: JobState.optional(),
    /** The last one of the page before. */
    before: Id.optional(),
    limit: z.coerce.number().int().min(1).max(500).default(100),
  }),
  body: undefined,
  output: z.object({
    /** First those that run and those that wait for a person; then the others, newest first. */
    items: z.array(Job),
    /** null: there are no more. */
    nextBefore: Id.nullable(),
    /** Of all, whatever was asked for. */
    counts: z.object({
      queued: z.number().int(),
      running: z.number().int(),
      failed: z.number().int(),
    }),
  }),
  errors: [],
  audit: 'none',
} as const

export const listJobs = operation({
  ...listing,
  path: '/api/projects/:projectKey/jobs',
  summary: 'The background work of the project',
  access: { kind: 'project', scope: 'project', roles: seesJobs, admin: true },
  params: z.object({ projectKey: ProjectKey }),
})

export const listInstallationJobs = operation({
  ...listing,
  path: '/api/jobs',
  summary: 'The background work of all projects and of the installation',
  access: { kind: 'admin' },
  params: none,
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

const step = {
  method: 'POST',
  tag: 'jobs',
  params: job,
  query: none,
  body: none,
  output: Job,
  audit: 'service',
} as const
const byProject = { kind: 'project', scope: 'job', roles: endsJobs, admin: true } as const

export const cancelJob = operation({
  ...step,
  path: '/api/jobs/:jobId/cancel',
  summary: 'End a job, or give up one that has failed; its upload ends with JOB_CANCELLED',
  access: byProject,
  errors: ['JOB_FINISHED'],
})

export const retryJob = operation({
  ...step,
  path: '/api/jobs/:jobId/retry',
  summary: 'Start a failed job again',
  access: byProject,
  errors: ['JOB_NOT_RETRYABLE'],
})

export const cancelInstallationJob = operation({
  ...step,
  path: '/api/installation-jobs/:jobId/cancel',
  summary: 'End a job of the whole installation',
  access: { kind: 'admin' },
  errors: ['NOT_FOUND', 'JOB_FINISHED'],
})

export const retryInstallationJob = operation({
  ...step,
  path: '/api/installation-jobs/:jobId/retry',
  summary: 'Start a failed job of the whole installation again',
  access: { kind: 'admin' },
  errors: ['NOT_FOUND', 'JOB_NOT_RETRYABLE'],
})
