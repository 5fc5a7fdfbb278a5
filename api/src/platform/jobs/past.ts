/** The attempts of a job before its latest one, as they stand in `job.past`. */

const KEPT = 20

/**
 * SQL: what `past` becomes when the attempt that the row tells of is over; in an update of `job`.
 * Both expressions are SQL too.
 */
export function withLatest(endedAt: string, reason: string): string {
  return `case when jsonb_array_length(job.past) >= ${KEPT} then job.past - 0 else job.past end
    || (select coalesce(jsonb_agg(jsonb_build_object(
          'startedAt', job.started_at, 'endedAt', ${endedAt}, 'reason', ${reason},
          'host', had.host, 'pid', had.pid)), '[]')
          from job_worker had where had.id = job.worker_id)`
}
