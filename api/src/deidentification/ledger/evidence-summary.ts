/** The facts of an evidence pack: terms, profiles, what was checked and found, ledger and copies. */
import type { Database } from '../../platform/database.ts'
import type { Profiles } from '../profiles.ts'
import { uploadsForEvidence } from './evidence-store.ts'
import type { Ledger } from './ledger.ts'

export type EvidenceSummary = Awaited<ReturnType<typeof summaryOf>>

export interface EvidenceDependencies {
  readonly db: Database
  readonly ledger: Ledger
  readonly profiles: Profiles
  readonly clock: () => Date
}

export async function summaryOf(
  { db, ledger, profiles, clock }: EvidenceDependencies,
  projectId: string,
  project: string,
  sample: number,
) {
  const out = await ledger.copies(projectId, 'out')
  return {
    project,
    madeAt: clock().toISOString(),
    terms: await ledger.terms(projectId),
    profiles: (await profiles.list(projectId)).items,
    uploads: await uploadsForEvidence(db, projectId),
    ledger: await ledger.verify(projectId),
    copies: [...out, ...(await ledger.copies(projectId, 'destroyed'))],
    sample,
  }
}
