/**
 * The audit trail: who did what, when, on what. The row is written in the transaction of the
 * change it tells of, so that neither can exist without the other.
 */
import type { Queryable } from './database.ts'

export interface AuditEntry {
  /** null for the machine itself (a job). */
  readonly actorId: string | null
  readonly projectId: string | null
  /** The operation's id, or `job:NAME`. */
  readonly action: string
  readonly objectKind: string
  readonly objectId: string
  /** Ids, codes and counts only: never a value of a patient. */
  readonly details?: Readonly<Record<string, unknown>>
}

export async function recordAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.run(
    `insert into audit_event (project_id, actor_id, action, object_kind, object_id, details)
     values ($1, $2, $3, $4, $5, $6)`,
    [
      entry.projectId,
      entry.actorId,
      entry.action,
      entry.objectKind,
      entry.objectId,
      JSON.stringify(entry.details ?? {}),
    ],
  )
}
