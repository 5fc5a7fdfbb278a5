/** What of the vault others may use: the key for a data manager, and date shifts for outcomes. */
import { createHash } from 'node:crypto'
import { DEFAULT_PROFILE, loadProfile, openVault, shiftIsoDate } from '@pandok/anonymizer'
import type { Database, Transaction } from '../platform/database.ts'
import * as store from './store.ts'
import { createProjectKey, readProjectKey } from './vault-store.ts'

export interface DeidentificationDependencies {
  readonly db: Database
  readonly installationKey: Uint8Array
}

/** Shifts every date by the subject's offset, or back; null stays null. */
type ShiftDates = <Dates extends Record<string, string | null>>(
  projectId: string,
  pseudonym: string,
  dates: Dates,
  direction: 'shift' | 'unshift',
) => Promise<Dates>

export function createDeidentificationService(deps: DeidentificationDependencies) {
  const { db, installationKey } = deps
  const shiftDates: ShiftDates = async (projectId, pseudonym, dates, direction) => {
    const key = await readProjectKey(db, installationKey, projectId)
    const vault = openVault(key, await store.pseudonymFormat(db, projectId))
    const offset = vault.dateOffsetDays(pseudonym)
    const days = direction === 'shift' ? offset : -offset
    const shifted = Object.entries(dates).map(([name, date]) => [
      name,
      date === null ? null : shiftIsoDate(date, days),
    ])
    return Object.fromEntries(shifted) as typeof dates
  }
  return {
    createKey: (tx: Transaction, projectId: string) =>
      createProjectKey(tx, installationKey, projectId),
    keyFor: async (projectId: string) => ({
      keyBase64: Buffer.from(await readProjectKey(db, installationKey, projectId)).toString(
        'base64',
      ),
      pseudonymFormat: await store.pseudonymFormat(db, projectId),
      profile: DEFAULT_PROFILE,
      profileLabel: loadProfile(DEFAULT_PROFILE).label,
      profileDigest: createHash('sha256').update(DEFAULT_PROFILE).digest('hex'),
      profileVersion: 1,
      keyVersion: 1,
    }),
    shiftDates,
  }
}

export type DeidentificationService = ReturnType<typeof createDeidentificationService>
