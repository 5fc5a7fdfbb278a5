/** The history of jobs as it is shown and acted on, in SQL. */
import { JobState } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../database.ts'

const Progress = z.object({
  files: z.number(),
  of: z.number(),
  bytes: z.number().optional(),
  ofBytes: z.number().optional(),
})

const JobRow = z
  .object({
    id: z.string(),
    name: z.string(),
    project_key: z.string().nullable(),
    subject_kind: z.string().nullable(),
    subject_id: z.string().nullable(),
    state: JobState,
    is_cancelling: z.boolean(),
    attempts: z.number(),
    reason: z.string().nullable(),
    progress: Progress.nullable(),
    progress_first: Progress.nullable(),
    progress_seconds: z.number().nullable(),
    created_at: z.date(),
    started_at: z.date().nullable(),
    finished_at: z.date().nullable(),
    host: z.string().nullable(),
    pid: z.number().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    name: row.name,
    projectKey: row.project_key,
    subject:
      row.subject_kind === null || row.subject_id === null
        ? null
        : { kind: row.subject_kind, id: row.subject_id },
    state: row.state,
    isCancelling: row.is_cancelling,
    attempts: row.attempts,
    reason: row.reason,
    progress:
      row.progress === null || row.progress_first === null || row.progress_seconds === null
        ? null
        : { latest: row.progress, first: row.progress_first, seconds: row.progress_seconds },
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null,
    worker: row.host === null || row.pid === null ? null : { host: row.host, pid: row.pid },
  }))
export type JobRow = z.output<typeof JobRow>

const SELECT = `
  select j.id, j.name, p.key as project_key, j.subject_kind, j.subject_id, j.state,
         j.cancelled_by is not null and j.state in ('queued', 'running') as is_cancelling,
         j.attempts, j.reason, j.progress, j.progress_first,
         extract(epoch from j.progress_at - j.progress_first_at)::float8 as progress_seconds,
         j.created_at, j.started_at, j.finished_at, w.host, w.pid
    from job j
    left join project p on p.id = j.project_id
    left join job_worker w on w.id = j.worker_id`

/** `projectId`: undefined for all. Newest first. */
export async function list(
  db: Queryable,
  asked: { projectId: string | undefined; state: JobState | undefined; limit: number },
): Promise<JobRow[]> {
  return await db.many(
    JobRow,
    `${SELECT} where ($1::uuid is null or j.project_id = $1) and ($2::text is null or j.state = $2)
      order by j.created_at desc, j.id limit $3`,
    [asked.projectId ?? null, asked.state ?? null, asked.limit],
  )
}

export async function counts(db: Queryable, projectId: string | undefined) {
  return await db.one(
    z.object({ queued: z.number(), running: z.number(), failed: z.number() }),
    `select count(*) filter (where state = 'queued')::int as queued,
            count(*) filter (where state = 'running')::int as running,
            count(*) filter (where state = 'failed')::int as failed
       from job where ($1::uuid is null or project_id = $1)
        and state in ('queued', 'running', 'failed')`,
    [projectId ?? null],
  )
}

export async function byId(db: Queryable, id: string): Promise<JobRow | undefined> {
  return await db.maybeOne(JobRow, `${SELECT} where j.id = $1`, [id])
}

export async function projectOf(db: Queryable, id: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }).transform((row) => ({ projectId: row.project_id })),
    'select project_id from job where id = $1 and project_id is not null',
    [id],
  )
}

/** With the row locked until the transaction ends. */
export async function lock(tx: Transaction, id: string) {
  return await tx.maybeOne(
    z
      .object({
        name: z.string(),
        payload: z.unknown(),
        project_id: z.string().nullable(),
        state: JobState,
      })
      .transform((row) => ({
        name: row.name,
        payload: row.payload,
        projectId: row.project_id,
        state: row.state,
      })),
    'select name, payload, project_id, state from job where id = $1 for update',
    [id],
  )
}

/** Notes who wants its end; one that is not running waits for a worker that gives it up. */
export async function markCancelled(tx: Transaction, id: string, personId: string): Promise<void> {
  await tx.run(
    `update job set cancelled_by = $2, turn = null, finished_at = null,
            state = case state when 'failed' then 'queued' else state end
      where id = $1`,
    [id, personId],
  )
}

/** As if it were new. */
export async function markQueued(tx: Transaction, id: string): Promise<void> {
  await tx.run(
    `update job set state = 'queued', attempts = 0, reason = null, finished_at = null,
            cancelled_by = null where id = $1`,
    [id],
  )
}
