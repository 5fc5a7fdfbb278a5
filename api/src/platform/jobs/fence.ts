/**
 * Keeps a worker that lost its lease from finishing what another has taken: every transaction that
 * a handler begins first asks whether the attempt still holds the job, and holds that answer until
 * it commits. The attempt travels with the asynchronous context, so that no handler can forget it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { z } from 'zod'
import type { Database, Transaction } from '../database.ts'
import { JobError } from './define-job.ts'

/** One run of a job by a worker. */
export interface Attempt {
  readonly jobId: string
  /** Of this run alone. */
  readonly claim: string
  /** Counted from 1. */
  readonly number: number
  readonly signal: AbortSignal
}

const current = new AsyncLocalStorage<Attempt>()

export function withinAttempt<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  return current.run(attempt, work)
}

/** The same database; within an attempt, one that a stale attempt cannot write to. */
export function fenced(db: Database): Database {
  return {
    ...db,
    run: async (...statement) => {
      current.getStore()?.signal.throwIfAborted()
      return await db.run(...statement)
    },
    transaction: (work) =>
      db.transaction(async (tx) => {
        const attempt = current.getStore()
        if (attempt !== undefined) await holdJob(tx, attempt)
        return await work(tx)
      }),
  }
}

const HeldRow = z.object({ id: z.string() })

/** Until the transaction ends nobody takes the job away. */
async function holdJob(tx: Transaction, attempt: Attempt): Promise<void> {
  const held = await tx.maybeOne(
    HeldRow,
    `select id from job where id = $1 and claim = $2 and state = 'running' for share`,
    [attempt.jobId, attempt.claim],
  )
  if (held === undefined) throw new JobError('JOB_LEASE_LOST')
}
