/**
 * Forgets work that is long done: the queue's history would grow for ever otherwise. What failed stays until
 * a person started it again or gave it up; what was done stands in the audit trail.
 */
import { z } from 'zod'
import { recordAudit } from '../audit.ts'
import type { Database } from '../database.ts'

const BATCH = 10_000

/** The number of jobs that went. */
export async function purgeJobHistory(
  db: Database,
  afterDays: number,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0
  while (!signal.aborted) {
    const batch = await db.transaction(async (tx) => {
      const jobs = await tx.run(
        `delete from job where id in (
           select id from job where state in ('done', 'cancelled')
              and finished_at < now() - make_interval(days => $1) limit $2)`,
        [afterDays, BATCH],
      )
      const { workers } = await tx.one(
        z.object({ workers: z.number() }),
        `with gone as (
           delete from job_worker w
            where w.ended_at < now() - make_interval(days => $1)
              and not exists (select from job where worker_id = w.id) returning 1)
         select count(*)::int as workers from gone`,
        [afterDays],
      )
      if (jobs > 0 || workers > 0) {
        await recordAudit(tx, {
          actorId: null,
          projectId: null,
          action: 'job:jobs.purge',
          objectKind: 'job-history',
          objectId: '',
          details: { jobs, workers, afterDays },
        })
      }
      return jobs
    })
    removed += batch
    if (batch < BATCH) break
  }
  return removed
}
