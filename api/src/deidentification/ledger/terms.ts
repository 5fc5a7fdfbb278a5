/** For what, on which basis and how long a project holds its data; defaults until somebody says. */
import type { ProcessingTerms } from '@pandok/contract'
import type { Queryable } from '../../platform/database.ts'
import * as store from './store.ts'

const DEFAULT_BASIS = 'PIPA 28-2'
const DEFAULT_RETENTION_DAYS = 365
const DAY_MS = 86_400_000

export async function termsOf(db: Queryable, projectId: string): Promise<ProcessingTerms> {
  const set = await store.currentTerms(db, projectId)
  if (set !== undefined) return { ...set, warnings: [] }
  return {
    purpose: 'scientific-research',
    purposeDetail: (await store.projectNames(db, projectId)).name,
    legalBasis: DEFAULT_BASIS,
    retentionDays: DEFAULT_RETENTION_DAYS,
    setAt: null,
    setBy: null,
    warnings: [
      {
        path: 'purpose',
        code: 'TERMS_NOT_SET',
        message: 'nobody has set purpose, legal basis and retention period (PIPA 28-4)',
        severity: 'warning',
      },
    ],
  }
}

/** The days from `now` on, in UTC. */
export function periodFrom(now: Date, retentionDays: number): { from: string; until: string } {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  return { from: day(now.getTime()), until: day(now.getTime() + retentionDays * DAY_MS) }
}
