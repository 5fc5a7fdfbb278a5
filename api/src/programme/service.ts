/** What the programme office sees: how far the work is, and who did what. */
import type { Database } from '../platform/database.ts'
import * as store from './store.ts'

export function createProgrammeService({ db }: { db: Database }) {
  return {
    progress: async (projectId: string) => {
      const row = await store.progressOfProject(db, projectId)
      const { annotate, review1, review2, accepted, outcomes, releases } = row
      return {
        cases: annotate + review1 + review2 + accepted,
        byStage: { annotate, 'review-1': review1, 'review-2': review2, accepted },
        outcomes,
        releases,
      }
    },
    audit: async (projectId: string, query: store.AuditQuery) => {
      const rows = await store.auditOfProject(db, projectId, query)
      const items = rows.slice(0, query.limit)
      const nextBefore = rows.length > query.limit ? (items.at(-1)?.sequence ?? null) : null
      return { items, nextBefore }
    },
  }
}

export type ProgrammeService = ReturnType<typeof createProgrammeService>
