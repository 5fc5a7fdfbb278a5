/** Profiles and key versions of projects, in SQL. */
import { PseudonymFormat } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { personOf } from '../platform/person.ts'

const VersionRow = z
  .object({
    version: z.number(),
    label: z.string(),
    digest: z.string(),
    set_at: z.date(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
  })
  .transform((row) => ({
    version: row.version,
    label: row.label,
    digest: row.digest,
    setAt: row.set_at.toISOString(),
    setBy: personOf(row),
  }))

const FROM = 'from deid_profile d left join person on person.id = d.set_by'
const COLUMNS = `d.version, d.label, d.digest, d.set_at,
  person.id as person_id, person.username, person.display_name`

export async function profilesOf(db: Queryable, projectId: string) {
  return await db.many(
    VersionRow,
    `select ${COLUMNS} ${FROM} where d.project_id = $1 order by d.version desc`,
    [projectId],
  )
}

/** The newest without `version`; undefined: there is no such version. */
export async function profileOf(db: Queryable, projectId: string, version?: number) {
  return await db.maybeOne(
    VersionRow.and(z.object({ text: z.string() })),
    `select ${COLUMNS}, d.text ${FROM}
      where d.project_id = $1 and ($2::int is null or d.version = $2)
      order by d.version desc limit 1`,
    [projectId, version ?? null],
  )
}

/** One change of a project's de-identification at a time; which key is in force. */
export async function lockProject(tx: Transaction, projectId: string) {
  const row = await tx.one(
    z.object({ key_version: z.number() }),
    'select key_version from project where id = $1 for update',
    [projectId],
  )
  return { keyVersion: row.key_version }
}

export async function insertProfile(
  tx: Transaction,
  profile: {
    projectId: string
    version: number
    text: string
    label: string
    digest: string
    setBy: string | null
  },
): Promise<void> {
  await tx.run(
    `insert into deid_profile (project_id, version, text, label, digest, set_by)
     values ($1, $2, $3, $4, $5, $6)`,
    [
      profile.projectId,
      profile.version,
      profile.text,
      profile.label,
      profile.digest,
      profile.setBy,
    ],
  )
}

export async function pseudonymFormat(db: Queryable, projectId: string): Promise<PseudonymFormat> {
  return await db.one(
    PseudonymFormat,
    'select pseudonym_prefix as prefix, pseudonym_digits as digits from project where id = $1',
    [projectId],
  )
}

export async function keyVersionOf(db: Queryable, projectId: string): Promise<number> {
  const row = await db.one(
    z.object({ key_version: z.number() }),
    'select key_version from project where id = $1',
    [projectId],
  )
  return row.key_version
}

/** Under which key the subject was made; undefined: there is none of that pseudonym. */
export async function keyVersionOfSubject(
  db: Queryable,
  projectId: string,
  pseudonym: string,
): Promise<number | undefined> {
  const row = await db.maybeOne(
    z.object({ key_version: z.number() }),
    'select key_version from subject where project_id = $1 and pseudonym = $2',
    [projectId, pseudonym],
  )
  return row?.key_version
}

export async function setKeyVersion(
  tx: Transaction,
  projectId: string,
  version: number,
): Promise<void> {
  await tx.run('update project set key_version = $2 where id = $1', [projectId, version])
}

/** How many subjects each key version made. */
export async function subjectsByKey(
  db: Queryable,
  projectId: string,
): Promise<ReadonlyMap<number, number>> {
  const rows = await db.many(
    z.object({ key_version: z.number(), subjects: z.number() }),
    `select key_version, count(*)::int as subjects from subject
      where project_id = $1 group by key_version`,
    [projectId],
  )
  return new Map(rows.map((row) => [row.key_version, row.subjects]))
}
