/**
 * One attempt of a job, from the claim to its recorded end. The history decides what is to be done,
 * the queue only brings the job here: when this resolves the queue forgets the job, when it rejects
 * the job is somebody else's.
 *
 *   queued → running → done
 *                    → queued      it failed, and may try again after a while
 *                    → failed      the last attempt failed, or its worker died
 *                    → cancelled   a person wanted it
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, isUnavailable } from '../database.ts'
import type { Log } from '../log.ts'
import { codeOf, type Job, JobError, PostponeJob } from './define-job.ts'
import { type Attempt, withinAttempt } from './fence.ts'
import type { Lease } from './lease.ts'
import { createProgressWriter } from './progress.ts'
import { requeue } from './queue.ts'
import * as store from './store.ts'

const MAX_ATTEMPTS = 3
/** More tries to leave a record in a final state; after them the job has failed all the same. */
const GIVE_UP_ATTEMPTS = 5
const DATABASE_RETRY_MS = 500

export interface AttemptContext {
  readonly db: Database
  /** For the beginning of an attempt, whose loss in a crash does no harm. */
  readonly claims: Database
  readonly lease: Lease
  /** The wait before the second attempt; three times that before the third. */
  readonly retryMs: number
  readonly log: Log
  /** Attempts under way in this worker, by the id of the job: what a cancellation ends. */
  readonly running: Map<string, AbortController>
}

export async function attemptJob(
  context: AttemptContext,
  job: Job,
  jobId: string,
  payload: unknown,
): Promise<void> {
  const { db, lease, log, running } = context
  const { workerId } = lease
  const claim = randomUUID()
  const begun = await store.begin(context.claims, { jobId, workerId, claim })
  if (begun === undefined) {
    const state = await store.stateOf(db, jobId)
    if (state === 'running') throw new JobError('JOB_LEASE_LOST')
    if (state !== 'queued') return
    // It waits, and we may not have it: our lease is lost, and somebody else shall have it soon.
    lease.lose()
    await requeue(db, jobId)
    return
  }
  const started = performance.now()
  const ending = new AbortController()
  const onLost = () => {
    ending.abort(lease.lost.reason)
  }
  lease.lost.addEventListener('abort', onLost)
  running.set(jobId, ending)
  const attempt: Attempt = {
    jobId,
    claim,
    number: begun.number,
    signal: ending.signal,
  }
  const facts = { job: job.name, jobId, attempt: begun.number }
  try {
    if (begun.isCancelled) await giveUp(new JobError('JOB_CANCELLED'))
    else if (begun.number > MAX_ATTEMPTS) await giveUp(withCode(begun.reason ?? 'JOB_WORKER_DIED'))
    else await handle()
  } finally {
    // Unless a later attempt has its place: a crash of the database had undone our claim.
    if (running.get(jobId) === ending) running.delete(jobId)
    lease.lost.removeEventListener('abort', onLost)
  }

  async function handle(): Promise<void> {
    const progress = createProgressWriter((latest) => store.setProgress(db, attempt, latest))
    try {
      await withinAttempt(attempt, () => job.handle(payload, ending.signal, progress.report))
    } catch (error) {
      await progress.close()
      await failed(error)
      return
    }
    await progress.close()
    await finish('done', null)
    log.info({ ...facts, ms: Math.round(performance.now() - started) }, 'job done')
  }

  async function failed(error: unknown): Promise<void> {
    if (lease.lost.aborted) throw new JobError('JOB_LEASE_LOST')
    if (error instanceof PostponeJob) {
      await putBack(null, false, error.seconds * 1_000)
      return
    }
    const { signal } = ending
    const reason: unknown = signal.aborted ? signal.reason : error
    const code = codeOf(reason)
    log.error({ ...facts, error: code }, 'job failed')
    if (code === 'JOB_CANCELLED') await giveUp(reason)
    else if (code === 'JOB_WORKER_STOPPED') await putBack(code, false)
    else if (begun === undefined || begun.number < MAX_ATTEMPTS) await putBack(code, true)
    else await giveUp(error)
  }

  /** A cancelled job, or one without another way, is given up for good. */
  async function giveUp(error: unknown): Promise<void> {
    const reason = codeOf(error)
    const isCancelled = reason === 'JOB_CANCELLED'
    const last = isCancelled || job.retry === undefined ? job.giveUp : job.retry.fail
    try {
      await withinAttempt({ ...attempt, signal: lease.lost }, () => last(payload, error))
    } catch (failure) {
      log.error({ ...facts, error: codeOf(failure) }, 'giving up failed')
      if (attempt.number < MAX_ATTEMPTS + GIVE_UP_ATTEMPTS) await putBack(reason, true)
      else await finish('failed', 'JOB_GIVE_UP_FAILED')
      return
    }
    await finish(isCancelled ? 'cancelled' : 'failed', reason)
  }

  async function finish(
    state: Parameters<typeof store.finish>[2],
    reason: string | null,
  ): Promise<void> {
    if (!(await recorded(() => store.finish(db, attempt, state, reason)))) {
      throw new JobError('JOB_LEASE_LOST')
    }
  }

  async function putBack(
    reason: string | null,
    isCounted: boolean,
    delayMs = isCounted ? context.retryMs * 3 ** Math.min(attempt.number - 1, 4) : 0,
  ): Promise<void> {
    const isMine = await recorded(() =>
      db.transaction(async (tx) => {
        if (!(await store.putBack(tx, attempt, reason, isCounted))) return false
        await requeue(tx, jobId, delayMs)
        return true
      }),
    )
    if (!isMine) throw new JobError('JOB_LEASE_LOST')
  }

  /** An end that the database does not take now is told until it does, or the lease is lost. */
  async function recorded(write: () => Promise<boolean>): Promise<boolean> {
    for (;;) {
      try {
        return await write()
      } catch (error) {
        if (!isUnavailable(error)) throw error
        if (lease.lost.aborted) return false
        await delay(DATABASE_RETRY_MS)
      }
    }
  }
}

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code })
}
