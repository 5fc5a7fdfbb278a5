/** Projects in SQL. */
import { type Project, SegmentLabel } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const ProjectRow = z
  .object({
    id: z.string(),
    key: z.string(),
    name_en: z.string(),
    name_ko: z.string(),
    pseudonym_prefix: z.string(),
    pseudonym_digits: z.number(),
    segments: z.array(SegmentLabel),
  })
  .transform((row) => ({
    id: row.id,
    key: row.key,
    nameEn: row.name_en,
    nameKo: row.name_ko,
    pseudonymFormat: { prefix: row.pseudonym_prefix, digits: row.pseudonym_digits },
    segments: row.segments,
  }))
export type ProjectRow = z.output<typeof ProjectRow>

const COLUMNS = 'id, key, name_en, name_ko, pseudonym_prefix, pseudonym_digits, segments'

export async function projectByKey(db: Queryable, key: string): Promise<ProjectRow | undefined> {
  return await db.maybeOne(ProjectRow, `select ${COLUMNS} from project where key = $1`, [key])
}

export async function projectById(db: Queryable, id: string): Promise<ProjectRow> {
  return await db.one(ProjectRow, `select ${COLUMNS} from project where id = $1`, [id])
}

export async function allProjects(db: Queryable): Promise<ProjectRow[]> {
  return await db.many(ProjectRow, `select ${COLUMNS} from project order by key`)
}

/** undefined when the key is taken. */
export async function insertProject(
  tx: Transaction,
  project: Project,
): Promise<ProjectRow | undefined> {
  return await tx.maybeOne(
    ProjectRow,
    `insert into project (key, name_en, name_ko, pseudonym_prefix, pseudonym_digits, segments)
     values ($1, $2, $3, $4, $5, $6) on conflict (key) do nothing returning ${COLUMNS}`,
    [
      project.key,
      project.nameEn,
      project.nameKo,
      project.pseudonymFormat.prefix,
      project.pseudonymFormat.digits,
      JSON.stringify(project.segments),
    ],
  )
}
