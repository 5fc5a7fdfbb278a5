/** Shows jobs with their rate and time left, ends them, and starts dead letters again. */
import { type Job as JobView, PandokError } from '@pandok/contract'
import { recordAudit } from '../audit.ts'
import type { Database, Transaction } from '../database.ts'
import type { Actor } from '../http/handler.ts'
import type { Job } from './define-job.ts'
import * as history from './history.ts'
import { requeue, requeueInTurn } from './queue.ts'

interface Asked {
  readonly state?: JobView['state'] | undefined
  readonly before?: string | undefined
  readonly limit: number
}

/** `jobs`: asked for when the first request comes, as they are made after this. */
export function createJobService(deps: { db: Database; jobs: () => readonly Job[] }) {
  const { db } = deps
  const retryOf = (name: string) => deps.jobs().find((job) => job.name === name)?.retry
  const page = async (projectId: string | undefined, { state, before, limit }: Asked) => {
    const retryable = deps.jobs().flatMap((job) => (job.retry === undefined ? [] : [job.name]))
    const [found, counts] = await Promise.all([
      history.list(db, { projectId, state, before, limit, retryable }),
      history.counts(db, projectId),
    ])
    return { items: found.items.map(present), nextBefore: found.nextBefore, counts }
  }
  return {
    ofProject: (projectId: string, asked: Asked) => page(projectId, asked),
    ofInstallation: (asked: Asked) => page(undefined, asked),

    get: (id: string) => reread(db, id),

    /** A running job ends when its worker notices; any other is given up by the next free worker. */
    cancel: (actor: Actor, projectId: string | null, id: string) =>
      db.transaction(async (tx) => {
        const job = await lock(tx, projectId, id)
        const canRevive = job.state === 'failed' && job.retry !== undefined
        if (job.state !== 'queued' && job.state !== 'running' && !canRevive) {
          throw new PandokError('JOB_FINISHED')
        }
        if (canRevive) await job.retry?.revive(job.payload, tx)
        await history.markCancelled(tx, id, actor.id)
        if (job.state !== 'running') await requeue(tx, id)
        await audit(tx, actor, job, 'cancelJob', id)
        return await reread(tx, id)
      }),

    retry: (actor: Actor, projectId: string | null, id: string) =>
      db.transaction(async (tx) => {
        const job = await lock(tx, projectId, id)
        if (job.state !== 'failed' || job.retry === undefined) {
          throw new PandokError('JOB_NOT_RETRYABLE')
        }
        await job.retry.revive(job.payload, tx)
        await history.markQueued(tx, id)
        await requeueInTurn(tx, id)
        await audit(tx, actor, job, 'retryJob', id)
        return await reread(tx, id)
      }),

    projectOf: (id: string) => history.projectOf(db, id),
  }

  async function lock(tx: Transaction, projectId: string | null, id: string) {
    const row = await history.lock(tx, id)
    if (row?.projectId !== projectId) throw new PandokError('NOT_FOUND')
    return { ...row, retry: retryOf(row.name) }
  }

  async function reread(on: Database | Transaction, id: string): Promise<JobView> {
    const row = await history.byId(on, id)
    if (row === undefined) throw new PandokError('NOT_FOUND')
    return present(row)
  }

  function present(row: history.JobRow): JobView {
    const canRetry = row.state === 'failed' && retryOf(row.name) !== undefined
    const isOpen = row.state === 'queued' || row.state === 'running'
    return {
      ...row,
      progress: row.progress === null ? null : withRates(row.progress),
      canRetry,
      canCancel: canRetry || (isOpen && !row.isCancelling),
    }
  }
}

export type JobService = ReturnType<typeof createJobService>

/**
 * By what this attempt has done since its first report, until now: one that stands still slows down. By
 * bytes where they are counted.
 */
function withRates({
  latest,
  first,
  seconds,
}: NonNullable<history.JobRow['progress']>): NonNullable<JobView['progress']> {
  const { files, of, bytes = null, ofBytes = null } = latest
  const rate = (now: number | null, before: number | undefined) =>
    now === null || before === undefined || seconds <= 0 ? null : (now - before) / seconds
  const filesPerSecond = rate(files, first.files)
  const bytesPerSecond = rate(bytes, first.bytes)
  const left = (todo: number | null, perSecond: number | null) =>
    todo === null || perSecond === null || perSecond <= 0 ? null : todo / perSecond
  return {
    files,
    of,
    bytes,
    ofBytes,
    filesPerSecond,
    bytesPerSecond,
    secondsLeft:
      left(bytes === null || ofBytes === null ? null : ofBytes - bytes, bytesPerSecond) ??
      left(of - files, filesPerSecond),
  }
}

async function audit(
  tx: Transaction,
  actor: Actor,
  job: { name: string; projectId: string | null },
  action: string,
  id: string,
): Promise<void> {
  await recordAudit(tx, {
    actorId: actor.id,
    projectId: job.projectId,
    action,
    objectKind: 'job',
    objectId: id,
    details: { name: job.name },
  })
}
