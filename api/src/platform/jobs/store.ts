/** Workers and the history of jobs, in SQL. Times are the database's. */
import { JobState } from '@pandok/contract'
import { z } from 'zod'
import type { Database, Queryable, Transaction } from '../database.ts'
import type { Progress } from './define-job.ts'
import type { Attempt } from './fence.ts'
import { withLatest } from './past.ts'

const Id = z.object({ id: z.string() })

export async function registerWorker(
  db: Queryable,
  worker: { id: string; pool: string; session: string; host: string; pid: number },
): Promise<void> {
  await db.run(
    'insert into job_worker (id, pool, session, host, pid) values ($1, $2, $3, $4, $5)',
    [worker.id, worker.pool, worker.session, worker.host, worker.pid],
  )
}

/** False: others have found this worker silent, and its jobs are not its own any more. */
export async function beat(db: Queryable, workerId: string): Promise<boolean> {
  return (
    (await db.run('update job_worker set heartbeat_at = now() where id = $1 and ended_at is null', [
      workerId,
    ])) === 1
  )
}

export async function endWorker(db: Queryable, workerId: string): Promise<void> {
  await db.run(
    'update job_worker set ended_at = now(), is_lost = false where id = $1 and ended_at is null',
    [workerId],
  )
}

/**
 * Marks the workers that are silent for longer than the lease, and ends their sessions: one that
 * is stopped, or cut off, in the middle of a transaction would hold its locks for as long. Only those of
 * our own role: where the vault is a database of this server the process has others there, which we
 * may not end, and the refusal would undo all of this.
 */
export async function endSilentWorkers(db: Queryable, leaseMs: number): Promise<string[]> {
  const rows = await db.many(
    Id,
    `with lost as (
       update job_worker set ended_at = now(), is_lost = true
        where ended_at is null and heartbeat_at < now() - $1 * interval '1 millisecond'
        returning id, session
     ), ended as (
       select pg_terminate_backend(a.pid) from pg_stat_activity a
        where a.application_name in (select session from lost)
          and a.application_name <> current_setting('application_name')
          and a.usename = current_user
     )
     select id, (select count(*) from ended) as sessions from lost`,
    [leaseMs],
  )
  return rows.map((row) => row.id)
}

/** Jobs that ended workers were at wait again; an attempt that its worker did not survive counts. */
export async function returnJobsOfEndedWorkers(tx: Transaction): Promise<string[]> {
  const rows = await tx.many(
    Id,
    `update job set state = 'queued', reason = 'JOB_WORKER_DIED',
            past = ${withLatest('w.heartbeat_at', `'JOB_WORKER_DIED'`)}
       from job_worker w
      where job.worker_id = w.id and w.ended_at is not null and job.state = 'running'
      returning job.id`,
  )
  return rows.map((row) => row.id)
}

const Begun = z
  .object({
    attempts: z.number(),
    reason: z.string().nullable(),
    cancelled_by: z.string().nullable(),
  })
  .transform((row) => ({
    number: row.attempts,
    reason: row.reason,
    isCancelled: row.cancelled_by !== null,
  }))

/** undefined: it is no longer queued, or the worker has lost its lease. */
export async function begin(
  db: Queryable,
  { jobId, workerId, claim }: { jobId: string; workerId: string; claim: string },
) {
  return await db.maybeOne(
    Begun,
    `update job set state = 'running', attempts = attempts + 1, worker_id = $2, claim = $3,
            turn = null, started_at = now(), progress = null, progress_first = null, progress_at = null,
            progress_first_at = null
      where id = $1 and state = 'queued'
        and exists (select from job_worker where id = $2 and ended_at is null)
      returning attempts, reason, cancelled_by`,
    [jobId, workerId, claim],
  )
}

/** undefined: there is no such job. */
export async function stateOf(db: Queryable, jobId: string): Promise<JobState | undefined> {
  const row = await db.maybeOne(
    z.object({ state: JobState }),
    'select state from job where id = $1',
    [jobId],
  )
  return row?.state
}

const MINE = `id = $1 and claim = $2 and state = 'running'`
const keyOf = (attempt: Attempt) => [attempt.jobId, attempt.claim]

/** False: the attempt does not hold the job any more. */
export async function finish(
  db: Queryable,
  attempt: Attempt,
  state: Exclude<JobState, 'queued' | 'running'>,
  reason: string | null,
): Promise<boolean> {
  const touched = await db.run(
    `update job set state = $3, reason = $4, finished_at = now() where ${MINE}`,
    [...keyOf(attempt), state, reason],
  )
  return touched === 1
}

/**
 * False as above. `isCounted`: false where the attempt ended through no fault of the job's. Without a
 * reason it came too early, and is not told of.
 */
export async function putBack(
  tx: Transaction,
  attempt: Attempt,
  reason: string | null,
  isCounted: boolean,
): Promise<boolean> {
  const touched = await tx.run(
    `update job set state = 'queued', reason = $3, attempts = attempts - $4,
            past = case when $3::text is null then past else ${withLatest('now()', '$3::text')} end
      where ${MINE}`,
    [...keyOf(attempt), reason, isCounted ? 0 : 1],
  )
  return touched === 1
}

export async function setProgress(
  db: Database,
  attempt: Attempt,
  progress: Progress,
): Promise<void> {
  await db.run(
    `update job set progress = $3, progress_at = now(),
            progress_first = coalesce(progress_first, $3),
            progress_first_at = coalesce(progress_first_at, now())
      where ${MINE}`,
    [...keyOf(attempt), JSON.stringify(progress)],
  )
}

/** Jobs of the worker that a person wants to end. */
export async function cancelledOf(db: Queryable, workerId: string): Promise<string[]> {
  const rows = await db.many(
    Id,
    `select id from job where worker_id = $1 and state = 'running' and cancelled_by is not null`,
    [workerId],
  )
  return rows.map((row) => row.id)
}
