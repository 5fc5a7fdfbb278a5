/** What of de-identification others may use: keys for data managers, dates for outcomes, the ledger. */
import type { Database } from '../platform/database.ts'
import { createKeys } from './keys.ts'
import { createEvidence, createLedger } from './ledger/index.ts'
import { createProfiles } from './profiles.ts'
import { openVaultStore } from './vault/store.ts'

export function createDeidentificationService(deps: {
  db: Database
  vaultUrl: string
  installationKey: Uint8Array
  clock: () => Date
}) {
  const { db, clock } = deps
  const vault = openVaultStore({ url: deps.vaultUrl, installationKey: deps.installationKey })
  const profiles = createProfiles({ db })
  const ledger = createLedger({ db, vault, clock })
  const keys = createKeys({ db, vault, profiles, ledger })
  const evidence = createEvidence({ db, ledger, profiles, clock })
  return { profiles, keys, ledger, evidence, close: vault.close }
}

export type DeidentificationService = ReturnType<typeof createDeidentificationService>
