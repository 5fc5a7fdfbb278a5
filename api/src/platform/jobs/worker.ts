/**
 * A worker: takes jobs from the queue (graphile-worker) under a lease and runs their attempts. Any
 * number of them may run, on any number of machines.
 */
import { EventEmitter } from 'node:events'
import { run, type WorkerEvents, Logger as WorkerLogger } from 'graphile-worker'
import { z } from 'zod'
import { openDatabase, unflushed, withSession } from '../database.ts'
import type { Log } from '../log.ts'
import { attemptJob } from './attempt.ts'
import { codeOf, type Job, JobError } from './define-job.ts'
import { type Lease, takeLease } from './lease.ts'
import { addJob } from './queue.ts'
import * as store from './store.ts'

const POLL_MS = 1_000
const RETRY_MS = 3_000
const CANCEL_WATCH_MS = 1_000
/** What runs when the worker is to stop may go on for so long. */
const STOP_GRACE_MS = 10_000
const MAX_CONNECTIONS = 12
/** Connections that note the beginnings of attempts. */
const MAX_CLAIMS = 3

/**
 * The queue (graphile-worker) stops for good, once its jobs have ended, when the database is cut off at
 * the moment in which it forgets them; a new worker may begin at once.
 */
export class QueueEnded extends Error {
  override readonly name = 'QueueEnded'
}

export interface Worker {
  readonly stop: () => Promise<void>
  /** Settles when the worker ends; rejects when it ended by a fault, such as the loss of its lease. */
  readonly done: Promise<void>
}

export interface WorkerOptions {
  readonly databaseUrl: string
  /** Jobs at a time. */
  readonly concurrency: number
  /** A worker that was silent for so long is taken for dead. */
  readonly leaseMs: number
  /** The wait before the second attempt of a job; three times that before the third. */
  readonly retryMs?: number
  readonly jobs: readonly Job[]
  readonly log: Log
}

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { databaseUrl, concurrency, leaseMs, retryMs = RETRY_MS, log } = options
  const poolSize = Math.min(concurrency + 2, MAX_CONNECTIONS)
  const db = openDatabase({ url: databaseUrl, poolSize, isPrepared: true })
  // A claim that a crash of the database undoes is a job that waits again: the attempt that went on with
  // it finds the job not its own. Ends, and all that handlers write, are on the disk when they return.
  const claims = openDatabase({
    url: unflushed(databaseUrl),
    poolSize: MAX_CLAIMS,
    isPrepared: true,
  })
  const running = new Map<string, AbortController>()
  const leased = Promise.withResolvers<Lease>()
  const pool = Promise.withResolvers<string>()
  const events: WorkerEvents = new EventEmitter()
  events.once('pool:create', ({ workerPool }) => {
    pool.resolve(workerPool.id)
  })
  const runner = await run({
    connectionString: withSession(unflushed(databaseUrl)),
    maxPoolSize: poolSize,
    concurrency,
    events,
    noHandleSignals: true,
    pollInterval: POLL_MS,
    // Jobs that end in the same moment leave the queue together. Not after a while, though it would save
    // statements: a connection that is cut before they have left ends the worker, as nothing is tried again.
    preset: { worker: { completeJobBatchDelay: 0 } },
    gracefulShutdownAbortTimeout: 2 * STOP_GRACE_MS,
    // Its own lines hold payloads; ours hold ids and codes.
    logger: new WorkerLogger(() => () => undefined),
    taskList: Object.fromEntries(
      options.jobs.map((job) => [
        job.name,
        async (payload: unknown, { job: { key } }: { job: { key: string | null } }) => {
          const lease = await leased.promise
          // One from before the history, or made by hand, comes again with an entry in it.
          if (key === null) await adopt(job.name, payload)
          else await attemptJob({ db, claims, lease, retryMs, log, running }, job, key, payload)
        },
      ]),
    ),
  })
  const lease = await pool.promise.then((name) => takeLease({ db, pool: name, leaseMs, log }))
  leased.resolve(lease)
  const watch = setInterval(() => {
    if (running.size > 0) void endCancelled()
  }, CANCEL_WATCH_MS)

  let hasEnded = false
  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= end()
    return stopping
  }
  const ended = Promise.withResolvers<undefined>()
  lease.lost.addEventListener('abort', () => {
    if (stopping !== undefined) return
    ended.reject(lease.lost.reason)
    // It takes nothing more.
    void runner.stop().catch(() => undefined)
  })
  runner.promise.then(
    () => {
      hasEnded = true
      if (stopping === undefined) ended.reject(new QueueEnded('the queue ended by itself'))
    },
    (error: unknown) => {
      hasEnded = true
      ended.reject(new QueueEnded('the queue failed', { cause: error }))
    },
  )
  return { stop, done: ended.promise }

  async function adopt(name: string, payload: unknown): Promise<void> {
    const ids = z.record(z.string(), z.string()).parse(payload)
    await db.transaction((tx) => addJob(tx, name, ids, null))
  }

  async function end(): Promise<void> {
    const timer = setTimeout(() => {
      endAll('JOB_WORKER_STOPPED')
    }, STOP_GRACE_MS)
    try {
      if (hasEnded) await runner.promise.catch(() => undefined)
      else if (lease.lost.aborted) await runner.promise
      else await runner.stop()
      await lease.end()
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
      await Promise.all([db.close(), claims.close()])
      ended.resolve(undefined)
    }
  }

  function endAll(reason: 'JOB_WORKER_STOPPED'): void {
    for (const attempt of running.values()) attempt.abort(new JobError(reason))
  }

  async function endCancelled(): Promise<void> {
    try {
      for (const id of await store.cancelledOf(db, lease.workerId)) {
        running.get(id)?.abort(new JobError('JOB_CANCELLED'))
      }
    } catch (error) {
      log.warn({ error: codeOf(error) }, 'cancellations not read')
    }
  }
}
