/** Cohorts in SQL: who fits a filter now, and who was fixed for good. */
import { CohortFilter, CohortMember } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

/** Accepted cases with an outcome, with the revisions that stand now. */
const MATCHING = `
  select c.id as "caseId", s.pseudonym, o.stage_group as "stageGroup",
         o."values"->>'vitalStatus' as "vitalStatus",
         coalesce(r.revision, 0) as "segmentationRevision", o.revision as "outcomeRevision"
    from reading_case c
    join subject s on s.id = c.subject_id
    join lateral (select * from outcome_revision o where o.case_id = c.id
                   order by o.revision desc limit 1) o on true
    join task t on t.case_id = c.id and t.kind = 'annotate'
    left join lateral (select max(revision) as revision from segmentation_revision sr
                        where sr.task_id = t.id) r on true
   where c.project_id = $1 and c.stage = 'accepted'
     and (cardinality($2::text[]) = 0 or o.stage_group = any($2))
     and (cardinality($3::text[]) = 0 or o."values"->>'vitalStatus' = any($3))
   order by s.pseudonym`

export async function matchingMembers(
  db: Queryable,
  projectId: string,
  filter: CohortFilter,
): Promise<CohortMember[]> {
  return await db.many(CohortMember, MATCHING, [
    projectId,
    filter.stageGroups,
    filter.vitalStatuses,
  ])
}

export async function frozenMembers(db: Queryable, cohortId: string): Promise<CohortMember[]> {
  return await db.many(
    CohortMember,
    `select m.case_id as "caseId", s.pseudonym, o.stage_group as "stageGroup",
            o."values"->>'vitalStatus' as "vitalStatus",
            m.segmentation_revision as "segmentationRevision",
            m.outcome_revision as "outcomeRevision"
       from cohort_member m
       join reading_case c on c.id = m.case_id join subject s on s.id = c.subject_id
       join outcome_revision o on o.case_id = m.case_id and o.revision = m.outcome_revision
      where m.cohort_id = $1 order by s.pseudonym`,
    [cohortId],
  )
}

const CohortRow = z
  .object({
    id: z.string(),
    project_id: z.string(),
    project_key: z.string(),
    name: z.string(),
    filter: CohortFilter,
    frozen_at: z.date().nullable(),
    created_at: z.date(),
    person_id: z.string(),
    username: z.string(),
    display_name: z.string(),
  })
  .transform((row) => ({
    id: row.id,
    projectId: row.project_id,
    projectKey: row.project_key,
    name: row.name,
    filter: row.filter,
    frozenAt: row.frozen_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    createdBy: { id: row.person_id, username: row.username, displayName: row.display_name },
  }))

const SELECT = `
  select c.id, c.project_id, p.key as project_key, c.name, c.filter, c.frozen_at, c.created_at,
         person.id as person_id, person.username, person.display_name
    from cohort c join project p on p.id = c.project_id join person on person.id = c.created_by`

export async function cohortById(db: Queryable, id: string) {
  return await db.maybeOne(CohortRow, `${SELECT} where c.id = $1`, [id])
}

export async function cohortsOfProject(db: Queryable, projectId: string) {
  return await db.many(
    CohortRow,
    `${SELECT} where c.project_id = $1 order by c.created_at desc limit 200`,
    [projectId],
  )
}

export async function insertCohort(
  tx: Transaction,
  cohort: { projectId: string; name: string; filter: CohortFilter; personId: string },
): Promise<string> {
  const { id } = await tx.one(
    z.object({ id: z.string() }),
    'insert into cohort (project_id, name, filter, created_by) values ($1, $2, $3, $4) returning id',
    [cohort.projectId, cohort.name, JSON.stringify(cohort.filter), cohort.personId],
  )
  return id
}

export async function lockCohort(tx: Transaction, id: string): Promise<void> {
  await tx.run('select from cohort where id = $1 for update', [id])
}

export async function freeze(
  tx: Transaction,
  cohortId: string,
  members: readonly CohortMember[],
): Promise<void> {
  for (const member of members) {
    await tx.run(
      `insert into cohort_member (cohort_id, case_id, segmentation_revision, outcome_revision)
       values ($1, $2, $3, $4)`,
      [cohortId, member.caseId, member.segmentationRevision, member.outcomeRevision],
    )
  }
  await tx.run('update cohort set frozen_at = now() where id = $1', [cohortId])
}

export async function projectOfCohort(db: Queryable, id: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }).transform((row) => ({ projectId: row.project_id })),
    'select project_id from cohort where id = $1',
    [id],
  )
}
