/**
 * The only place where a case or a task changes its state. State, audit row and what follows are
 * written in one transaction; who may play which part is held by the database's constraints.
 */
import { PandokError, type Stage, TASK_KINDS, type TaskKind } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor, ProjectScope } from '../platform/http/handler.ts'
import { ROLE_OF_KIND } from './policy.ts'
import * as store from './store.ts'
import { moveOf, type WorkEvent } from './transitions.ts'

export function createWorkflowService({ db }: { db: Database }) {
  return {
    takeNext: (actor: Actor, project: ProjectScope, kind: TaskKind) =>
      db.transaction((tx) => takeNext(tx, actor, project, kind)),

    listMine: async (actor: Actor, project: ProjectScope) => {
      const counts = await store.countTakeable(db, project.id, actor.id)
      const waiting = Object.fromEntries(
        TASK_KINDS.map((kind) => [
          kind,
          project.roles.includes(ROLE_OF_KIND[kind])
            ? (counts.find((row) => row.kind === kind)?.count ?? 0)
            : 0,
        ]),
      ) as Record<TaskKind, number>
      return { items: await store.tasksOfPerson(db, project.id, actor.id), waiting }
    },

    /** A task that the actor may look at: their own part, or anything for those who oversee. */
    taskFor: async (actor: Actor, project: ProjectScope, taskId: string) => {
      const task = await store.taskById(db, taskId)
      if (task === undefined) throw new PandokError('NOT_FOUND')
      const isOverseer = project.roles.some((role) => role === 'manager' || role === 'auditor')
      if (isOverseer || task.assignment?.person.id === actor.id) return task
      const mine = await store.tasksOfPerson(db, project.id, actor.id)
      const partner = await store.tasksOfCase(db, task.caseId)
      const playsPart =
        mine.some((own) => own.id === task.id) ||
        partner.some((other) => other.assignment?.person.id === actor.id)
      if (!playsPart) throw new PandokError('NOT_FOUND')
      return task
    },

    annotateTaskOf: async (caseId: string) => {
      const tasks = await store.tasksOfCase(db, caseId)
      const annotate = tasks.find((task) => task.kind === 'annotate')
      if (annotate === undefined) throw new PandokError('NOT_FOUND')
      return annotate
    },

    release: (actor: Actor, taskId: string, assignmentId: string) =>
      db.transaction(async (tx) => {
        const task = await holdTask(tx, actor, taskId, assignmentId)
        await store.endAssignment(tx, assignmentId, 'released')
        await store.setTaskStatus(tx, taskId, task.round > 1 ? 'returned' : 'ready')
        if (task.kind !== 'annotate') await store.setTaskStatus(tx, taskId, 'ready')
        await store.leaveUntouchedPart(tx, task)
        await audit(tx, actor, task, 'releaseTask')
        return await reread(tx, taskId)
      }),

    listCases: (projectId: string, stage: Stage | undefined) =>
      store.casesOfProject(db, projectId, stage),

    getCase: async (caseId: string) => {
      const found = await store.caseById(db, caseId)
      if (found === undefined) throw new PandokError('NOT_FOUND')
      return { ...found, tasks: await store.tasksOfCase(db, caseId) }
    },

    projectOfCase: (id: string) => store.projectOf(db, 'reading_case', id),
    projectOfTask: (id: string) => store.projectOf(db, 'task', id),
  }
}

export type WorkflowService = ReturnType<typeof createWorkflowService>

async function takeNext(tx: Transaction, actor: Actor, project: ProjectScope, kind: TaskKind) {
  if (!project.roles.includes(ROLE_OF_KIND[kind])) throw new PandokError('FORBIDDEN')
  const mine = await store.tasksOfPerson(tx, project.id, actor.id)
  const held = mine.find((task) => task.kind === kind && task.assignment?.person.id === actor.id)
  if (held !== undefined) return held
  // A part can be claimed by somebody else between the look and the claim: then look again.
  for (;;) {
    const next = await store.lockNextTask(tx, project.id, actor.id, kind)
    if (next === undefined) return null
    const task = { id: next.id, caseId: next.case_id, kind }
    if (!(await store.claimPart(tx, { ...task, personId: actor.id }))) continue
    await store.startAssignment(tx, task, actor.id)
    const taken = await reread(tx, task.id)
    await audit(tx, actor, taken, 'takeNextTask')
    return taken
  }
}

/**
 * Locks a task and makes sure that the actor holds it under this very assignment.
 * For services whose change must happen while the task is held.
 */
export async function holdTask(
  tx: Transaction,
  actor: Actor,
  taskId: string,
  assignmentId: string,
): Promise<store.TaskRow> {
  const task = await store.lockTask(tx, taskId)
  if (task === undefined) throw new PandokError('NOT_FOUND')
  if (task.assignment?.id !== assignmentId || task.assignment.person.id !== actor.id) {
    throw new PandokError('TASK_NOT_ASSIGNED_TO_YOU')
  }
  if (task.status !== 'in-progress') throw new PandokError('TASK_WRONG_STATUS')
  return task
}

/** Ends the held task with what happened and moves the case on (transitions.ts). */
export async function finishTask(
  tx: Transaction,
  actor: Actor,
  task: store.TaskRow,
  event: WorkEvent,
): Promise<store.TaskRow> {
  const move = moveOf(task.kind, event)
  if (move === undefined || task.assignment === null) throw new PandokError('TASK_WRONG_STATUS')
  const endedBy = event.kind === 'submitted' ? 'submitted' : 'verdict'
  await store.endAssignment(tx, task.assignment.id, endedBy)
  await store.setTaskStatus(tx, task.id, 'done')
  await store.setStage(tx, task.caseId, move.stage)
  if (move.open !== undefined) await store.openTask(tx, task.projectId, task.caseId, move.open)
  const action = event.kind === 'submitted' ? 'submitTask' : 'decideReview'
  await audit(tx, actor, task, action, {
    stage: move.stage,
    ...(event.kind === 'verdict' ? { verdict: event.verdict } : {}),
  })
  return await reread(tx, task.id)
}

/** The case of a subject whose study was archived; its first task is made with it. */
export async function openCase(
  tx: Transaction,
  study: { projectId: string; subjectId: string; studyId: string },
): Promise<{ caseId: string }> {
  const found = await store.upsertCase(tx, study.projectId, study.subjectId)
  await store.linkStudy(tx, found.id, study.studyId)
  if (found.isNew) {
    const open = { kind: 'annotate', status: 'ready' } as const
    await store.openTask(tx, study.projectId, found.id, open)
    await recordAudit(tx, {
      actorId: null,
      projectId: study.projectId,
      action: 'openCase',
      objectKind: 'case',
      objectId: found.id,
    })
  }
  return { caseId: found.id }
}

async function reread(tx: Transaction, taskId: string): Promise<store.TaskRow> {
  const task = await store.taskById(tx, taskId)
  if (task === undefined) throw new PandokError('NOT_FOUND')
  return task
}

async function audit(
  tx: Transaction,
  actor: Actor,
  task: store.TaskRow,
  action: string,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await recordAudit(tx, {
    actorId: actor.id,
    projectId: task.projectId,
    action,
    objectKind: 'task',
    objectId: task.id,
    details: { caseId: task.caseId, kind: task.kind, round: task.round, ...details },
  })
}
