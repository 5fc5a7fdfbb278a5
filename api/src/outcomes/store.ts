/** Outcome revisions in SQL: dates in them are shifted already. */
import { OutcomeValues, StageGroup } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

export async function subjectOfCase(db: Queryable, caseId: string) {
  return await db.maybeOne(
    z.object({ projectId: z.string(), pseudonym: z.string() }),
    `select c.project_id as "projectId", s.pseudonym
       from reading_case c join subject s on s.id = c.subject_id where c.id = $1`,
    [caseId],
  )
}

export async function lockCase(tx: Transaction, caseId: string): Promise<void> {
  await tx.run('select from reading_case where id = $1 for update', [caseId])
}

const Row = z
  .object({
    revision: z.number(),
    values: OutcomeValues,
    stage_group: StageGroup.nullable(),
    created_at: z.date(),
    person_id: z.string(),
    username: z.string(),
    display_name: z.string(),
  })
  .transform((row) => ({
    revision: row.revision,
    values: row.values,
    stageGroup: row.stage_group,
    updatedAt: row.created_at.toISOString(),
    author: { id: row.person_id, username: row.username, displayName: row.display_name },
  }))
export type OutcomeRow = z.output<typeof Row>

const SELECT = `
  select o.revision, o."values", o.stage_group, o.created_at,
         p.id as person_id, p.username, p.display_name
    from outcome_revision o join person p on p.id = o.author_id`

export async function latestOutcome(
  db: Queryable,
  caseId: string,
): Promise<OutcomeRow | undefined> {
  return await db.maybeOne(Row, `${SELECT} where o.case_id = $1 order by o.revision desc limit 1`, [
    caseId,
  ])
}

export async function outcomeAt(
  db: Queryable,
  caseId: string,
  revision: number,
): Promise<OutcomeRow | undefined> {
  return await db.maybeOne(Row, `${SELECT} where o.case_id = $1 and o.revision = $2`, [
    caseId,
    revision,
  ])
}

export async function insertOutcome(
  tx: Transaction,
  outcome: {
    caseId: string
    revision: number
    authorId: string
    values: OutcomeValues
    stageGroup: StageGroup | null
  },
): Promise<void> {
  await tx.run(
    `insert into outcome_revision (case_id, revision, author_id, "values", stage_group)
     values ($1, $2, $3, $4, $5)`,
    [
      outcome.caseId,
      outcome.revision,
      outcome.authorId,
      JSON.stringify(outcome.values),
      outcome.stageGroup,
    ],
  )
}
