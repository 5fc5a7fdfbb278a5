/** The history of jobs as it is shown and acted on, in SQL. */
import { JobState } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../database.ts'
import { withLatest } from './past.ts'

const Progress = z.object({
  files: z.number(),
  of: z.number(),
  bytes: z.number().optional(),
  ofBytes: z.number().optional(),
})

const PastAttempt = z
  .object({
    startedAt: z.string(),
    endedAt: z.string(),
    reason: z.string(),
    host: z.string(),
    pid: z.number(),
  })
  .transform(({ host, pid, startedAt, endedAt, ...rest }) => ({
    ...rest,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    worker: { host, pid },
  }))

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
    past: z.array(PastAttempt),
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
    pastAttempts: row.past,
  }))
export type JobRow = z.output<typeof JobRow>

const COLUMNS = `
         j.id, j.name, p.key as project_key, j.subject_kind, j.subject_id, j.state,
         j.cancelled_by is not null and j.state in ('queued', 'running') as is_cancelling,
         j.attempts, j.reason, j.progress, j.progress_first,
         extract(epoch from coalesce(j.finished_at, now()) - j.progress_first_at)::float8
           as progress_seconds,
         j.created_at, j.started_at, j.finished_at, w.host, w.pid, j.past`
const JOINED = `
    left join project p on p.id = j.project_id
    left join job_worker w on w.id = j.worker_id`

/** Newer first; jobs of one transaction have one time. */
const LATEST = 'created_at desc, id desc'

interface Asked {
  /** undefined for all. */
  readonly projectId: string | undefined
  readonly state: JobState | undefined
  readonly before: string | undefined
  readonly limit: number
  /** Of jobs that a person can start again: a failed one waits for that. */
  readonly retryable: readonly string[]
}

/** Where nothing else is asked for, those that run or wait for a person come first. */
export async function list(
  db: Queryable,
  { projectId, state, before, limit, retryable }: Asked,
): Promise<{ items: JobRow[]; nextBefore: string | null }> {
  const of = '($1::uuid is null or project_id = $1)'
  const isFirst = `(state = 'running' or (state = 'failed' and name = any($5::text[])))`
  const rows = await db.many(
    z.object({ is_first: z.boolean() }).and(JobRow),
    `select j.is_first, ${COLUMNS}
       from (
         (select job.*, true as is_first from job
           where $2::text is null and $3::uuid is null and ${of} and ${isFirst}
           order by ${LATEST} limit $4)
         union all
         (select job.*, false from job
           where ${of} and case when $2::text is null then not ${isFirst} else state = $2 end
             and ($3::uuid is null
                  or (created_at, id) < (select created_at, id from job where id = $3 and ${of}))
           order by ${LATEST} limit $4)
       ) j ${JOINED}
      order by j.is_first desc, (j.is_first and j.state = 'running') desc, j.created_at desc, j.id desc`,
    [projectId ?? null, state ?? null, before ?? null, limit, retryable],
  )
  const later = rows.filter((row) => !row.is_first)
  return {
    items: rows.map(({ is_first: _, ...row }) => row),
    nextBefore: later.length < limit ? null : (later.at(-1)?.id ?? null),
  }
}

/** Each state has an index of its own; together they would walk the whole history. */
export async function counts(db: Queryable, projectId: string | undefined) {
  const countOf = (state: 'queued' | 'running' | 'failed') =>
    `(select count(*) from job
       where state = '${state}' and ($1::uuid is null or project_id = $1))::int as ${state}`
  return await db.one(
    z.object({ queued: z.number(), running: z.number(), failed: z.number() }),
    `select ${countOf('queued')}, ${countOf('running')}, ${countOf('failed')}`,
    [projectId ?? null],
  )
}

export async function byId(db: Queryable, id: string): Promise<JobRow | undefined> {
  return await db.maybeOne(JobRow, `select ${COLUMNS} from job j ${JOINED} where j.id = $1`, [id])
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
            state = case state when 'failed' then 'queued' else state end,
            past = case state when 'failed' then ${withLatest('finished_at', 'reason')} else past end
      where id = $1`,
    [id, personId],
  )
}

/** As if it were new. */
export async function markQueued(tx: Transaction, id: string): Promise<void> {
  await tx.run(
    `update job set state = 'queued', attempts = 0, reason = null, finished_at = null,
            cancelled_by = null, past = ${withLatest('finished_at', 'reason')}
      where id = $1`,
    [id],
  )
}
