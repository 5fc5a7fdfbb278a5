/** Releases in SQL. */
import { Release } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const ReleaseRow = z
  .object({
    id: z.string(),
    project_id: z.string(),
    project_key: z.string(),
    name_en: z.string(),
    name_ko: z.string(),
    cohort_id: z.string(),
    cohort_name: z.string(),
    number: z.number(),
    status: Release.shape.status,
    done: z.number(),
    total: z.number(),
    byte_count: z.coerce.number().nullable(),
    sha256: z.string().nullable(),
    failure_code: z.string().nullable(),
    created_at: z.date(),
    person_id: z.string(),
    username: z.string(),
    display_name: z.string(),
  })
  .transform((row) => ({
    id: row.id,
    projectId: row.project_id,
    projectKey: row.project_key,
    projectNameEn: row.name_en,
    projectNameKo: row.name_ko,
    cohortId: row.cohort_id,
    cohortName: row.cohort_name,
    number: row.number,
    status: row.status,
    progress: { done: row.done, total: row.total },
    cases: row.total,
    bytes: row.byte_count,
    sha256: row.sha256,
    failureCode: row.failure_code,
    createdAt: row.created_at.toISOString(),
    createdBy: { id: row.person_id, username: row.username, displayName: row.display_name },
  }))
export type ReleaseRow = z.output<typeof ReleaseRow>

const SELECT = `
  select r.id, r.project_id, p.key as project_key, p.name_en, p.name_ko, r.cohort_id,
         c.name as cohort_name, r.number, r.status, r.done, r.total, r.byte_count, r.sha256,
         r.failure_code, r.created_at, person.id as person_id, person.username, person.display_name
    from release r join project p on p.id = r.project_id join cohort c on c.id = r.cohort_id
    join person on person.id = r.created_by`

export async function releaseById(db: Queryable, id: string): Promise<ReleaseRow | undefined> {
  return await db.maybeOne(ReleaseRow, `${SELECT} where r.id = $1`, [id])
}

export async function releasesOfProject(db: Queryable, projectId: string): Promise<ReleaseRow[]> {
  return await db.many(
    ReleaseRow,
    `${SELECT} where r.project_id = $1 order by r.number desc limit 200`,
    [projectId],
  )
}

/** Numbers count up without a gap: the project's row is locked while one is given. */
export async function insertRelease(
  tx: Transaction,
  release: { projectId: string; cohortId: string; total: number; personId: string },
): Promise<string> {
  await tx.run('select from project where id = $1 for update', [release.projectId])
  const { id } = await tx.one(
    z.object({ id: z.string() }),
    `insert into release (project_id, cohort_id, number, total, created_by)
     select $1, $2, coalesce(max(number), 0) + 1, $3, $4 from release where project_id = $1
     returning id`,
    [release.projectId, release.cohortId, release.total, release.personId],
  )
  return id
}

export async function setBuilding(db: Queryable, id: string): Promise<void> {
  await db.run(`update release set status = 'building', done = 0 where id = $1`, [id])
}

export async function setDone(db: Queryable, id: string, done: number): Promise<void> {
  await db.run('update release set done = $2 where id = $1', [id, done])
}

export async function setReady(
  tx: Transaction,
  id: string,
  file: { sha256: string; bytes: number },
): Promise<void> {
  await tx.run(
    `update release set status = 'ready', done = total, sha256 = $2, byte_count = $3 where id = $1`,
    [id, file.sha256, file.bytes],
  )
}

export async function setFailed(tx: Transaction, id: string, code: string): Promise<void> {
  await tx.run(`update release set status = 'failed', failure_code = $2 where id = $1`, [id, code])
}

export async function projectOfRelease(db: Queryable, id: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }).transform((row) => ({ projectId: row.project_id })),
    'select project_id from release where id = $1',
    [id],
  )
}
