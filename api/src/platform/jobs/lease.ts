/**
 * The life of a worker among others: it beats; one that is silent for longer than the lease is ended
 * by whoever notices, and its jobs go to the living. A worker that cannot beat gives itself up after
 * as long: by then others may have taken its jobs.
 *
 * Nobody sweeps before it has beaten through one whole lease: after an outage of the database
 * everybody was silent, and everybody gets the time to beat again.
 */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Database, SESSION } from '../database.ts'
import type { Log } from '../log.ts'
import { codeOf, JobError } from './define-job.ts'
import { deadPools, freeInQueue } from './queue.ts'
import * as store from './store.ts'

const BEATS_PER_LEASE = 6

export interface Lease {
  readonly workerId: string
  /** Fires with JOB_LEASE_LOST. */
  readonly lost: AbortSignal
  /** For who notices it first. */
  readonly lose: () => void
  readonly end: () => Promise<void>
}

export async function takeLease(options: {
  db: Database
  /** The worker's name in the queue. */
  pool: string
  leaseMs: number
  log: Log
}): Promise<Lease> {
  const { db, pool, leaseMs, log } = options
  const workerId = randomUUID()
  const lost = new AbortController()
  await store.registerWorker(db, {
    id: workerId,
    pool,
    session: SESSION,
    host: hostname(),
    pid: process.pid,
  })
  const interval = leaseMs / BEATS_PER_LEASE
  let beatenAt = performance.now()
  let steadySince = beatenAt
  let timer: NodeJS.Timeout | undefined
  let beating = Promise.resolve()
  const lose = () => {
    clearTimeout(timer)
    clearInterval(watch)
    if (!lost.signal.aborted) lost.abort(new JobError('JOB_LEASE_LOST'))
  }
  // Apart from the beats: one of them may hang with its connection.
  const watch = setInterval(() => {
    if (performance.now() - beatenAt > leaseMs) lose()
  }, interval)

  const beat = async () => {
    if (!(await store.beat(db, workerId))) {
      lose()
      return
    }
    const now = performance.now()
    if (now - beatenAt > leaseMs / 2) steadySince = now
    beatenAt = now
    if (now - steadySince >= leaseMs) await sweep(db, leaseMs, log)
  }
  const next = () => {
    if (lost.signal.aborted) return
    timer = setTimeout(() => {
      beating = beat()
        .catch((error: unknown) => {
          log.warn({ worker: workerId, error: codeOf(error) }, 'beat failed')
        })
        .then(next)
    }, interval)
  }
  next()

  return {
    workerId,
    lost: lost.signal,
    lose,
    end: async () => {
      await beating
      lose()
      await store.endWorker(db, workerId)
    },
  }
}

/** Ends silent workers and gives back what they held. Any number of workers may do it at once. */
async function sweep(db: Database, leaseMs: number, log: Log): Promise<void> {
  const workers = await store.endSilentWorkers(db, leaseMs)
  const jobs = await db.transaction(async (tx) => {
    const returned = await store.returnJobsOfEndedWorkers(tx)
    const pools = await deadPools(tx, leaseMs)
    if (returned.length > 0 || pools.length > 0) await freeInQueue(tx, returned, pools)
    return returned
  })
  if (workers.length > 0 || jobs.length > 0) log.warn({ workers, jobs }, 'lost workers')
}
