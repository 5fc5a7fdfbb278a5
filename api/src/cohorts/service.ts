/** Cohorts: a query until frozen; then a list of members and revisions that never changes. */
import { type Cohort, type CohortFilter, PandokError } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Database, Queryable } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import * as store from './store.ts'

export function createCohortService({ db }: { db: Database }) {
  return {
    preview: (projectId: string, filter: CohortFilter) =>
      store.matchingMembers(db, projectId, filter),

    create: (actor: Actor, projectId: string, cohort: { name: string; filter: CohortFilter }) =>
      db.transaction(async (tx) => {
        const id = await store.insertCohort(tx, { ...cohort, projectId, personId: actor.id })
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'createCohort',
          objectKind: 'cohort',
          objectId: id,
          details: { filter: cohort.filter },
        })
        return await readCohort(tx, id)
      }),

    list: async (projectId: string): Promise<Cohort[]> => {
      const rows = await store.cohortsOfProject(db, projectId)
      return await Promise.all(
        rows.map(async (row) => ({ ...row, members: await membersOf(db, row) })),
      )
    },

    freeze: (actor: Actor, cohortId: string) =>
      db.transaction(async (tx) => {
        await store.lockCohort(tx, cohortId)
        const cohort = await readCohort(tx, cohortId)
        if (cohort.frozenAt !== null) throw new PandokError('COHORT_FROZEN')
        if (cohort.members.length === 0) throw new PandokError('COHORT_EMPTY')
        await store.freeze(tx, cohortId, cohort.members)
        await recordAudit(tx, {
          actorId: actor.id,
          projectId: cohort.projectId,
          action: 'freezeCohort',
          objectKind: 'cohort',
          objectId: cohortId,
          details: { members: cohort.members.length },
        })
        return await readCohort(tx, cohortId)
      }),

    projectOf: (cohortId: string) => store.projectOfCohort(db, cohortId),
  }
}

export type CohortService = ReturnType<typeof createCohortService>

/** NOT_FOUND when there is none. */
export async function readCohort(db: Queryable, id: string) {
  const cohort = await store.cohortById(db, id)
  if (cohort === undefined) throw new PandokError('NOT_FOUND')
  return { ...cohort, members: await membersOf(db, cohort) }
}

async function membersOf(
  db: Queryable,
  cohort: { id: string; projectId: string; frozenAt: string | null; filter: CohortFilter },
) {
  return cohort.frozenAt === null
    ? await store.matchingMembers(db, cohort.projectId, cohort.filter)
    : await store.frozenMembers(db, cohort.id)
}
