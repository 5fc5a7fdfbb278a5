/**
 * What a job is. Terminology: a *job* is background work with a payload of ids; an *attempt* is one
 * run of it by one worker; a job whose last attempt failed is a *dead letter*, which a person may
 * start again where the job says how, or give up.
 */
import type { z } from 'zod'
import type { Transaction } from '../database.ts'

/** How far an attempt is. Absent: not known, or not counted in bytes. */
export interface Progress {
  readonly files: number
  readonly of: number
  readonly bytes?: number
  readonly ofBytes?: number
}

/** Cheap: reports come as often as files do, and are written once a second at most. */
export type Report = (progress: Progress) => void

/** How a person starts a failed job again. */
interface Retry<Payload> {
  /** The last attempt failed: say so in the record, and keep all that another one needs. */
  readonly fail: (payload: Payload, error: unknown) => Promise<void>
  /** Puts the record back to where `handle` begins; JOB_NOT_RETRYABLE when too little is left. */
  readonly revive: (payload: Payload, tx: Transaction) => Promise<void>
}

/** For work that leaves no trace of its failure: it begins again as it is. */
export const AS_IT_IS: Retry<unknown> = {
  fail: () => Promise.resolve(),
  revive: () => Promise.resolve(),
}

interface Definition<Payload> {
  readonly name: string
  /**
   * Must be idempotent: it may run again after a crash at any point. Its transactions fail once the
   * job is no longer this worker's (fence.ts); the signal fires then too, when a person cancels, and
   * when the worker stops.
   */
  readonly handle: (payload: Payload, signal: AbortSignal, report: Report) => Promise<void>
  /** Nobody goes on with it (failed for good, or cancelled): a final state with the reason. */
  readonly giveUp: (payload: Payload, error: unknown) => Promise<void>
  /** Absent: what has failed is given up at once. */
  readonly retry?: Retry<Payload>
}

export type Job = Definition<unknown>

/** A job whose payload is parsed before it gets anywhere. */
export function defineJob<Schema extends z.ZodType>(
  job: Definition<z.output<Schema>> & { readonly payload: Schema },
): Job {
  const parse = (payload: unknown) => job.payload.parse(payload)
  const { retry } = job
  return {
    name: job.name,
    handle: (payload, signal, report) => job.handle(parse(payload), signal, report),
    giveUp: (payload, error) => job.giveUp(parse(payload), error),
    ...(retry === undefined
      ? {}
      : {
          retry: {
            fail: (payload, error) => retry.fail(parse(payload), error),
            revive: (payload, tx) => retry.revive(parse(payload), tx),
          },
        }),
  }
}

/** A stable code for a failure; messages of foreign errors may hold values, so they are left out. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code
  }
  return error instanceof Error ? error.name : 'UNKNOWN'
}

export type JobErrorCode =
  /** Another worker has it: this one was silent for longer than its lease. */
  | 'JOB_LEASE_LOST'
  /** A person cancelled it. */
  | 'JOB_CANCELLED'
  /** The worker is being stopped; the job goes back to the queue. */
  | 'JOB_WORKER_STOPPED'
  /** Each attempt ended with the death of its worker. */
  | 'JOB_WORKER_DIED'
  /** It failed, and so did every try to leave its record in a final state. */
  | 'JOB_GIVE_UP_FAILED'

export class JobError extends Error {
  override readonly name = 'JobError'
  readonly code: JobErrorCode
  constructor(code: JobErrorCode) {
    super(code)
    this.code = code
  }
}

/** Thrown by a handler that has come too early: the job waits again, and the attempt does not count. */
export class PostponeJob extends Error {
  override readonly name = 'PostponeJob'
  readonly seconds: number
  constructor(seconds: number) {
    super('too early')
    this.seconds = seconds
  }
}
