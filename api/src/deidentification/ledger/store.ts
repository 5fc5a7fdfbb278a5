/** The ledger and the terms of processing, in SQL. */
import { type LEDGER_KINDS, PURPOSES } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../../platform/database.ts'
import { personOf } from '../../platform/person.ts'

export type LedgerKind = (typeof LEDGER_KINDS)[number]

const EntryRow = z
  .object({
    sequence: z.number(),
    line: z.string(),
    kind: z.string(),
    object_id: z.string().nullable(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
  })
  .transform((row) => ({
    sequence: row.sequence,
    line: row.line,
    // Held to the list by a check of the table.
    kind: row.kind as LedgerKind,
    objectId: row.object_id,
    by: personOf(row),
  }))
export type EntryRow = z.output<typeof EntryRow>

const SELECT = `
  select l.sequence, l.line, l.kind, l.object_id,
         person.id as person_id, person.username, person.display_name
    from ledger_entry l left join person on person.id = l.actor_id`

/** One writer of a project's chain at a time, until the transaction ends. */
export async function lockLedger(tx: Transaction, projectId: string): Promise<void> {
  await tx.run(`select pg_advisory_xact_lock(hashtextextended('ledger/' || $1, 0))`, [projectId])
}

export async function lastEntry(db: Queryable, projectId: string): Promise<EntryRow | undefined> {
  return await db.maybeOne(
    EntryRow,
    `${SELECT} where l.project_id = $1 order by l.sequence desc limit 1`,
    [projectId],
  )
}

export async function allEntries(db: Queryable, projectId: string): Promise<EntryRow[]> {
  return await db.many(EntryRow, `${SELECT} where l.project_id = $1 order by l.sequence`, [
    projectId,
  ])
}

/** Newest first. */
export async function pageOfEntries(
  db: Queryable,
  projectId: string,
  page: { before?: number | undefined; limit: number; kind?: LedgerKind | undefined },
): Promise<EntryRow[]> {
  return await db.many(
    EntryRow,
    `${SELECT} where l.project_id = $1 and ($2::int is null or l.sequence < $2)
        and ($3::text is null or l.kind = $3)
      order by l.sequence desc limit $4`,
    [projectId, page.before ?? null, page.kind ?? null, page.limit],
  )
}

/** The number of the entry of this kind about this object. */
export async function sequenceOf(
  db: Queryable,
  projectId: string,
  kind: LedgerKind,
  objectId: string,
): Promise<number | undefined> {
  const row = await db.maybeOne(
    z.object({ sequence: z.number() }),
    'select sequence from ledger_entry where project_id = $1 and kind = $2 and object_id = $3',
    [projectId, kind, objectId],
  )
  return row?.sequence
}

export async function insertEntry(
  tx: Transaction,
  entry: {
    projectId: string
    sequence: number
    line: string
    kind: LedgerKind
    objectId: string | null
    actorId: string | null
  },
): Promise<void> {
  await tx.run(
    `insert into ledger_entry (project_id, sequence, line, kind, object_id, actor_id)
     values ($1, $2, $3, $4, $5, $6)`,
    [entry.projectId, entry.sequence, entry.line, entry.kind, entry.objectId, entry.actorId],
  )
}

const TermsRow = z
  .object({
    purpose: z.enum(PURPOSES),
    purpose_detail: z.string(),
    legal_basis: z.string(),
    retention_days: z.number(),
    set_at: z.date(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
  })
  .transform((row) => ({
    purpose: row.purpose,
    purposeDetail: row.purpose_detail,
    legalBasis: row.legal_basis,
    retentionDays: row.retention_days,
    setAt: row.set_at.toISOString(),
    setBy: personOf(row),
  }))

export async function currentTerms(db: Queryable, projectId: string) {
  return await db.maybeOne(
    TermsRow,
    `select t.purpose, t.purpose_detail, t.legal_basis, t.retention_days, t.set_at,
            person.id as person_id, person.username, person.display_name
       from processing_terms t join person on person.id = t.set_by
      where t.project_id = $1 order by t.version desc limit 1`,
    [projectId],
  )
}

export async function insertTerms(
  tx: Transaction,
  projectId: string,
  setBy: string,
  terms: { purpose: string; purposeDetail: string; legalBasis: string; retentionDays: number },
): Promise<void> {
  await tx.run(
    `insert into processing_terms (project_id, version, purpose, purpose_detail, legal_basis,
                                   retention_days, set_by)
     select $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6
       from processing_terms where project_id = $1`,
    [projectId, terms.purpose, terms.purposeDetail, terms.legalBasis, terms.retentionDays, setBy],
  )
}

export async function projectNames(db: Queryable, projectId: string) {
  return await db.one(
    z.object({ key: z.string(), name: z.string() }),
    'select key, name_en as name from project where id = $1',
    [projectId],
  )
}

/** Facts of an upload's check that its entry tells. */
export async function uploadFacts(db: Queryable, uploadId: string) {
  return await db.one(
    z.object({
      profile_label: z.string(),
      profile_digest: z.string(),
      key_version: z.number(),
      created_at: z.date(),
      received: z.number(),
      clean: z.number(),
      subjects: z.number(),
    }),
    `select d.label as profile_label, d.digest as profile_digest, u.key_version, u.created_at,
            count(f.*) filter (where not f.is_output)::int as received,
            count(*) filter (where f.status in ('clean', 'conflict'))::int as clean,
            count(distinct f.instance->>'patientId')::int as subjects
       from upload u
       join deid_profile d on d.project_id = u.project_id and d.version = u.profile_version
       left join upload_file f on f.upload_id = u.id
      where u.id = $1 group by u.id, d.label, d.digest`,
    [uploadId],
  )
}

export async function refusalsByCode(
  db: Queryable,
  uploadId: string,
): Promise<Record<string, number>> {
  const rows = await db.many(
    z.object({ code: z.string(), files: z.number() }),
    `select refusal_code as code, count(*)::int as files from upload_file
      where upload_id = $1 and status = 'refused' group by refusal_code order by 1`,
    [uploadId],
  )
  return Object.fromEntries(rows.map((row) => [row.code, row.files]))
}
