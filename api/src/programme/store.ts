/** The audit trail and progress, read. */
import { z } from 'zod'
import type { Queryable } from '../platform/database.ts'

export interface AuditQuery {
  readonly before: string | undefined
  readonly limit: number
  readonly action: string | undefined
  readonly actor: string | undefined
  readonly objectId: string | undefined
}

const AuditRow = z
  .object({
    sequence: z.string(),
    at: z.date(),
    actor_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
    action: z.string(),
    object_kind: z.string(),
    object_id: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .transform((row) => ({
    sequence: row.sequence,
    at: row.at.toISOString(),
    actor:
      row.actor_id === null
        ? null
        : { id: row.actor_id, username: row.username ?? '', displayName: row.display_name ?? '' },
    action: row.action,
    objectKind: row.object_kind,
    objectId: row.object_id,
    details: row.details,
  }))

/** Newest first; one more than asked tells whether there is another page. */
export async function auditOfProject(db: Queryable, projectId: string, query: AuditQuery) {
  return await db.many(
    AuditRow,
    `select a.sequence, a.at, a.actor_id, p.username, p.display_name, a.action, a.object_kind,
            a.object_id, a.details
       from audit_event a left join person p on p.id = a.actor_id
      where a.project_id = $1
        and ($2::bigint is null or a.sequence < $2)
        and ($3::text is null or a.action = $3)
        and ($4::text is null or p.username = lower($4))
        and ($5::text is null or a.object_id = $5 or a.details->>'caseId' = $5)
      order by a.sequence desc limit $6`,
    [
      projectId,
      query.before ?? null,
      query.action ?? null,
      query.actor ?? null,
      query.objectId ?? null,
      query.limit + 1,
    ],
  )
}

export async function progressOfProject(db: Queryable, projectId: string) {
  return await db.one(
    z.object({
      annotate: z.number(),
      review1: z.number(),
      review2: z.number(),
      accepted: z.number(),
      outcomes: z.number(),
      releases: z.number(),
    }),
    `select count(*) filter (where stage = 'annotate')::int as annotate,
            count(*) filter (where stage = 'review-1')::int as review1,
            count(*) filter (where stage = 'review-2')::int as review2,
            count(*) filter (where stage = 'accepted')::int as accepted,
            count(*) filter (where exists (
              select from outcome_revision o where o.case_id = c.id))::int as outcomes,
            (select count(*)::int from release r
              where r.project_id = $1 and r.status = 'ready') as releases
       from reading_case c where c.project_id = $1`,
    [projectId],
  )
}
