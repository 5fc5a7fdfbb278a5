/**
 * Puts jobs into the queue (graphile-worker) and into our history in one statement, in the
 * transaction that makes them necessary. The history's id is the queue's key.
 *
 * Fair order: projects take turns. The queue serves by time, so a job's time is its turn, by
 * start-time fair queueing: one step behind the last queued job of its project, or behind the first
 * of the whole queue where the project has none. A thousand uploads of one project thus delay
 * another's by one, and steps of a microsecond from now never lie ahead.
 */
import { z } from 'zod'
import type { Queryable, Transaction } from '../database.ts'

/** The queue's own cap is out of the way: ours counts attempts that began, and ends with a reason. */
const NO_CAP = 32_000
/** Retries, cancellations and what waited for its time go first. */
const FIRST = -1

/**
 * Enqueues inside `tx`. The first id of the payload is what the job is about: `uploadId` an upload.
 * `projectId`: null for work of the whole installation. `afterSeconds`: not before; it takes no turn.
 */
export async function addJob(
  tx: Transaction,
  name: string,
  payload: Readonly<Record<string, string>>,
  projectId: string | null,
  { afterSeconds }: { afterSeconds?: number } = {},
): Promise<string> {
  const [subject] = Object.entries(payload)
  const { id } = await tx.one(
    z.object({ id: z.string() }),
    `with made as (
       insert into job (name, payload, project_id, subject_kind, subject_id, turn)
       values ($1, $2, $3, $4, $5,
               case when $6::float8 is null then ${turnOf('$3')} end)
       returning id, turn
     )
     select made.id, graphile_worker.add_job($1, payload := $2::json,
              run_at := coalesce(made.turn, clock_timestamp() + make_interval(secs => $6)),
              max_attempts := ${NO_CAP}, job_key := made.id::text,
              priority := case when made.turn is null then ${FIRST} else 0 end) as queued
       from made`,
    [
      name,
      JSON.stringify(payload),
      projectId,
      subject === undefined ? null : subject[0].replace(/Id$/, ''),
      subject?.[1] ?? null,
      afterSeconds ?? null,
    ],
  )
  return id
}

const turnOf = (projectId: string) => `greatest(
  coalesce((select min(turn) from job where state = 'queued'), now()),
  (select max(turn) from job where state = 'queued' and project_id = ${projectId})
) + interval '1 microsecond'`

/** A job of the history goes into the queue again, ahead of what never began. */
export async function requeue(tx: Queryable, jobId: string, delayMs = 0): Promise<void> {
  await tx.run(
    `select graphile_worker.add_job(name, payload := payload::json,
              run_at := now() + $2 * interval '1 millisecond', max_attempts := ${NO_CAP},
              job_key := id::text, priority := ${FIRST}) from job where id = $1`,
    [jobId, delayMs],
  )
}

/** A job that a person starts again waits for its turn like a new one. */
export async function requeueInTurn(tx: Transaction, jobId: string): Promise<void> {
  await tx.run(
    `with made as (
       update job set turn = ${turnOf('job.project_id')} where id = $1 returning *
     )
     select graphile_worker.add_job(name, payload := payload::json, run_at := turn,
              max_attempts := ${NO_CAP}, job_key := id::text) from made`,
    [jobId],
  )
}

/** What the sweep of lost workers frees comes up at once, whatever the queue had put off. */
export async function freeInQueue(
  tx: Transaction,
  jobIds: readonly string[],
  pools: readonly string[],
): Promise<void> {
  await tx.run('select graphile_worker.force_unlock_workers($1::text[])', [pools])
  await tx.run(
    `select graphile_worker.reschedule_jobs(
       array(select id from graphile_worker.jobs where key = any($1::text[])),
       run_at := now(), priority := ${FIRST})`,
    [jobIds],
  )
}

/** Names that hold jobs of the queue and belong to no living worker. */
export async function deadPools(tx: Transaction, leaseMs: number): Promise<string[]> {
  const rows = await tx.many(
    z.object({ locked_by: z.string() }),
    `select distinct locked_by from graphile_worker.jobs held
      where locked_by is not null
        and not exists (select from job_worker where pool = locked_by and ended_at is null)
        and (locked_at < now() - $1 * interval '1 millisecond'
             or exists (select from job_worker where pool = locked_by))`,
    [leaseMs],
  )
  return rows.map((row) => row.locked_by)
}
