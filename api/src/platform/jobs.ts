/**
 * Work of the machine on graphile-worker: enqueued in the transaction that makes it necessary,
 * retried with a cap, payloads of ids only.
 */
import { run, Logger as WorkerLogger } from 'graphile-worker'
import { z } from 'zod'
import type { Queryable, Transaction } from './database.ts'
import type { Log } from './log.ts'

export interface Job {
  readonly name: string
  readonly handle: (payload: unknown, signal: AbortSignal) => Promise<void>
  readonly giveUp: (payload: unknown, error: unknown) => Promise<void>
}

/** A job whose payload is parsed before it gets anywhere. */
export function defineJob<Schema extends z.ZodType>(job: {
  name: string
  payload: Schema
  /** Must be idempotent: it may run again after a crash at any point. */
  handle: (payload: z.output<Schema>, signal: AbortSignal) => Promise<void>
  /** The last attempt failed: leave the record in a final state with the reason. */
  giveUp: (payload: z.output<Schema>, error: unknown) => Promise<void>
}): Job {
  return {
    name: job.name,
    handle: (payload, signal) => job.handle(job.payload.parse(payload), signal),
    giveUp: (payload, error) => job.giveUp(job.payload.parse(payload), error),
  }
}

const MAX_ATTEMPTS = 3

/** Enqueues inside `tx`; jobs of one `queue` run one after another. */
export async function addJob(
  tx: Transaction,
  name: string,
  payload: Readonly<Record<string, string>>,
  queue?: string,
): Promise<void> {
  await tx.run(
    `select graphile_worker.add_job($1, payload := $2::json, queue_name := $3, max_attempts := $4)`,
    [name, JSON.stringify(payload), queue ?? null, MAX_ATTEMPTS],
  )
}

/** Enqueues inside `tx` for a time from now; nobody waits for it, so it is tried often. */
export async function addJobLater(
  tx: Transaction,
  name: string,
  payload: Readonly<Record<string, string>>,
  seconds: number,
): Promise<void> {
  await tx.run(
    `select graphile_worker.add_job($1, payload := $2::json,
                                    run_at := clock_timestamp() + make_interval(secs => $3))`,
    [name, JSON.stringify(payload), seconds],
  )
}

export interface Worker {
  readonly stop: () => Promise<void>
  /** Settles when the worker ends; rejects when it ended by a fault. */
  readonly done: Promise<void>
}

/** Starts taking jobs. One process should run one worker; any number of processes may. */
export async function startWorker(options: {
  databaseUrl: string
  concurrency: number
  jobs: readonly Job[]
  log: Log
}): Promise<Worker> {
  const runner = await run({
    connectionString: options.databaseUrl,
    concurrency: options.concurrency,
    noHandleSignals: true,
    pollInterval: 1_000,
    // Its own lines hold payloads; ours hold ids and codes.
    logger: new WorkerLogger(() => () => undefined),
    taskList: Object.fromEntries(options.jobs.map((job) => [job.name, handler(job, options.log)])),
  })
  return { stop: () => runner.stop(), done: runner.promise }
}

type Handler = (
  payload: unknown,
  helpers: {
    job: { id: string; attempts: number; max_attempts: number }
    abortSignal?: AbortSignal | undefined
  },
) => Promise<void>

function handler(job: Job, log: Log): Handler {
  return async (payload, { job: attempt, abortSignal }) => {
    const started = performance.now()
    const facts = { job: job.name, jobId: attempt.id, attempt: attempt.attempts }
    try {
      await job.handle(payload, abortSignal ?? new AbortController().signal)
      log.info({ ...facts, ms: Math.round(performance.now() - started) }, 'job done')
    } catch (error) {
      log.error({ ...facts, error: codeOf(error) }, 'job failed')
      if (attempt.attempts >= attempt.max_attempts) await job.giveUp(payload, error)
      // A fresh error: the queue stores its message, which must hold no value of a file.
      throw new Error(codeOf(error))
    }
  }
}

/** A stable code for a failure; messages of foreign errors may hold values, so they are left out. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code
  }
  return error instanceof Error ? error.name : 'UNKNOWN'
}

/**
 * Frees jobs of workers that died (a crash leaves the lock on for hours): call at start of the
 * only worker process of an installation, or with the ids of workers known to be gone.
 */
export async function releaseDeadWorkers(db: Queryable): Promise<void> {
  const locked = await db.many(
    z.object({ locked_by: z.string() }),
    `select distinct locked_by from graphile_worker._private_jobs where locked_by is not null`,
  )
  if (locked.length > 0) {
    await db.run(`select graphile_worker.force_unlock_workers($1::text[])`, [
      locked.map((row) => row.locked_by),
    ])
  }
}
