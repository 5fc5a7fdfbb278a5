/** Cases, tasks and assignments in SQL. */
import { Stage, TaskKind, TaskStatus } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const isoDate = z.date().transform((date) => date.toISOString())

const TaskRow = z
  .object({
    id: z.string(),
    project_id: z.string(),
    project_key: z.string(),
    case_id: z.string(),
    pseudonym: z.string(),
    kind: TaskKind,
    status: TaskStatus,
    round: z.number(),
    updated_at: isoDate,
    assignment_id: z.string().nullable(),
    since: isoDate.nullable(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
  })
  .transform((row) => ({
    id: row.id,
    projectId: row.project_id,
    projectKey: row.project_key,
    caseId: row.case_id,
    pseudonym: row.pseudonym,
    kind: row.kind,
    status: row.status,
    round: row.round,
    updatedAt: row.updated_at,
    assignment:
      row.assignment_id === null || row.since === null
        ? null
        : {
            id: row.assignment_id,
            since: row.since,
            person: {
              id: row.person_id ?? '',
              username: row.username ?? '',
              displayName: row.display_name ?? '',
            },
          },
  }))
export type TaskRow = z.output<typeof TaskRow>

const SELECT_TASK = `
  select t.id, t.project_id, p.key as project_key, t.case_id, s.pseudonym, t.kind, t.status,
         t.round, t.updated_at, a.id as assignment_id, a.since, a.person_id,
         person.username, person.display_name
    from task t
    join project p on p.id = t.project_id
    join reading_case c on c.id = t.case_id
    join subject s on s.id = c.subject_id
    left join assignment a on a.task_id = t.id and a.ended_at is null
    left join person on person.id = a.person_id`

export async function taskById(db: Queryable, id: string): Promise<TaskRow | undefined> {
  return await db.maybeOne(TaskRow, `${SELECT_TASK} where t.id = $1`, [id])
}

export async function tasksOfCase(db: Queryable, caseId: string): Promise<TaskRow[]> {
  return await db.many(TaskRow, `${SELECT_TASK} where t.case_id = $1 order by t.created_at`, [
    caseId,
  ])
}

/** What the person holds, and what waits for them alone; sent-back work first. */
export async function tasksOfPerson(
  db: Queryable,
  projectId: string,
  personId: string,
): Promise<TaskRow[]> {
  return await db.many(
    TaskRow,
    `${SELECT_TASK}
      where t.project_id = $1 and t.status <> 'done'
        and (a.person_id = $2 or (a.id is null and exists (
          select from case_reader r
           where r.case_id = t.case_id and r.kind = t.kind and r.person_id = $2)))
      order by (t.status = 'returned') desc, t.updated_at`,
    [projectId, personId],
  )
}

/**
 * Tasks a person may take: open, and either theirs from an earlier round, or nobody's while the
 * person plays no other part in the case. Theirs come first, then the oldest.
 */
const TAKEABLE = `
    from task t
    left join case_reader mine on mine.case_id = t.case_id and mine.person_id = $2
    left join case_reader holder on holder.case_id = t.case_id and holder.kind = t.kind
   where t.project_id = $1 and t.status in ('ready', 'returned')
     and (holder.person_id = $2 or (holder.person_id is null and mine.person_id is null))`

export async function countTakeable(db: Queryable, projectId: string, personId: string) {
  return await db.many(
    z.object({ kind: TaskKind, count: z.number() }),
    `select t.kind, count(*)::int as count ${TAKEABLE} group by t.kind`,
    [projectId, personId],
  )
}

/** Locks one takeable task; a task that somebody else is taking right now is passed over. */
export async function lockNextTask(
  tx: Transaction,
  projectId: string,
  personId: string,
  kind: TaskKind,
) {
  return await tx.maybeOne(
    z.object({ id: z.string(), case_id: z.string() }),
    `select t.id, t.case_id ${TAKEABLE} and t.kind = $3
      order by (holder.person_id is not null) desc, t.created_at
      for update of t skip locked limit 1`,
    [projectId, personId, kind],
  )
}

export async function lockTask(tx: Transaction, id: string): Promise<TaskRow | undefined> {
  await tx.run('select from task where id = $1 for update', [id])
  return await taskById(tx, id)
}

/** Makes the person the reader of this part; false when the part or the person is taken. */
export async function claimPart(
  tx: Transaction,
  part: { caseId: string; kind: TaskKind; personId: string },
): Promise<boolean> {
  await tx.run(
    `insert into case_reader (case_id, kind, person_id) values ($1, $2, $3)
     on conflict do nothing`,
    [part.caseId, part.kind, part.personId],
  )
  const [held] = await tx.many(
    z.object({ person_id: z.string() }),
    'select person_id from case_reader where case_id = $1 and kind = $2',
    [part.caseId, part.kind],
  )
  return held?.person_id === part.personId
}

/** Gives a part up again, when nothing was made under it. */
export async function leaveUntouchedPart(tx: Transaction, task: TaskRow): Promise<void> {
  await tx.run(
    `delete from assignment a where a.task_id = $1
        and not exists (select from segmentation_revision where assignment_id = a.id)
        and not exists (select from annotation_revision where assignment_id = a.id)
        and not exists (select from review where task_id = $1)`,
    [task.id],
  )
  await tx.run(
    `delete from case_reader r where r.case_id = $1 and r.kind = $2
        and not exists (select from assignment where case_id = $1 and kind = $2)`,
    [task.caseId, task.kind],
  )
}

export async function startAssignment(
  tx: Transaction,
  task: { id: string; caseId: string; kind: TaskKind },
  personId: string,
): Promise<void> {
  await tx.run(
    'insert into assignment (task_id, case_id, kind, person_id) values ($1, $2, $3, $4)',
    [task.id, task.caseId, task.kind, personId],
  )
  await setTaskStatus(tx, task.id, 'in-progress')
}

export async function endAssignment(
  tx: Transaction,
  assignmentId: string,
  endedBy: 'submitted' | 'verdict' | 'released',
): Promise<void> {
  await tx.run('update assignment set ended_at = now(), ended_by = $2 where id = $1', [
    assignmentId,
    endedBy,
  ])
}

export async function setTaskStatus(
  tx: Transaction,
  taskId: string,
  status: TaskStatus,
): Promise<void> {
  await tx.run('update task set status = $2, updated_at = now() where id = $1', [taskId, status])
}

/** Opens a task of the case: made on its first round, otherwise one round further. */
export async function openTask(
  tx: Transaction,
  projectId: string,
  caseId: string,
  open: { kind: TaskKind; status: 'ready' | 'returned' },
): Promise<void> {
  await tx.run(
    `insert into task (case_id, project_id, kind, status) values ($1, $2, $3, $4)
     on conflict (case_id, kind) do update
       set status = excluded.status, round = task.round + 1, updated_at = now()`,
    [caseId, projectId, open.kind, open.status],
  )
}

export async function setStage(tx: Transaction, caseId: string, stage: Stage): Promise<void> {
  await tx.run('update reading_case set stage = $2, updated_at = now() where id = $1', [
    caseId,
    stage,
  ])
}

/** The subject's case; made when it has none. */
export async function upsertCase(
  tx: Transaction,
  projectId: string,
  subjectId: string,
): Promise<{ id: string; isNew: boolean }> {
  const made = await tx.maybeOne(
    z.object({ id: z.string() }),
    `insert into reading_case (project_id, subject_id) values ($1, $2)
     on conflict do nothing returning id`,
    [projectId, subjectId],
  )
  if (made !== undefined) return { id: made.id, isNew: true }
  const found = await tx.one(
    z.object({ id: z.string() }),
    'select id from reading_case where project_id = $1 and subject_id = $2',
    [projectId, subjectId],
  )
  return { id: found.id, isNew: false }
}

export async function linkStudy(tx: Transaction, caseId: string, studyId: string): Promise<void> {
  await tx.run(
    'insert into case_study (case_id, study_id) values ($1, $2) on conflict do nothing',
    [caseId, studyId],
  )
}

const CaseRow = z
  .object({
    id: z.string(),
    project_key: z.string(),
    pseudonym: z.string(),
    stage: Stage,
    created_at: isoDate,
    studies: z.number(),
    instances: z.number(),
    has_outcome: z.boolean(),
  })
  .transform((row) => ({
    id: row.id,
    projectKey: row.project_key,
    pseudonym: row.pseudonym,
    stage: row.stage,
    createdAt: row.created_at,
    studies: row.studies,
    instances: row.instances,
    hasOutcome: row.has_outcome,
  }))

const SELECT_CASE = `
  select c.id, p.key as project_key, s.pseudonym, c.stage, c.created_at,
         (select count(*)::int from case_study cs where cs.case_id = c.id) as studies,
         (select count(*)::int from case_study cs join series on series.study_id = cs.study_id
            join instance i on i.series_id = series.id where cs.case_id = c.id) as instances,
         exists (select from outcome_revision o where o.case_id = c.id) as has_outcome
    from reading_case c join project p on p.id = c.project_id
    join subject s on s.id = c.subject_id`

export async function casesOfProject(db: Queryable, projectId: string, stage: Stage | undefined) {
  return await db.many(
    CaseRow,
    `${SELECT_CASE} where c.project_id = $1 and ($2::text is null or c.stage = $2)
      order by c.created_at desc, s.pseudonym`,
    [projectId, stage ?? null],
  )
}

export async function caseById(db: Queryable, id: string) {
  return await db.maybeOne(CaseRow, `${SELECT_CASE} where c.id = $1`, [id])
}

export async function projectOf(db: Queryable, table: 'reading_case' | 'task', id: string) {
  return await db.maybeOne(
    z.object({ project_id: z.string() }).transform((row) => ({ projectId: row.project_id })),
    table === 'task'
      ? 'select project_id from task where id = $1'
      : 'select project_id from reading_case where id = $1',
    [id],
  )
}

/** The task whose work the case is about. */
export async function annotateTaskId(db: Queryable, caseId: string): Promise<string> {
  const row = await db.one(
    z.object({ id: z.string() }),
    `select id from task where case_id = $1 and kind = 'annotate'`,
    [caseId],
  )
  return row.id
}
