/**
 * Brings the vault to this version, and takes over the keys that an installation from before the vault
 * still has in its main database. Those are dropped there only once every one of them is in the vault
 * for good and opens: a crash at any point leaves each key in one place at least.
 */
import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
import { z } from 'zod'
import { openDatabase } from '../../platform/database.ts'
import { openVaultStore } from './store.ts'

const DIRECTORY = fileURLToPath(new URL('migrations', import.meta.url))

export async function migrateVault(options: {
  vaultUrl: string
  /** The main database, as its owner. */
  ownerUrl: string
  installationKey: Uint8Array
}): Promise<void> {
  await runner({
    databaseUrl: options.vaultUrl,
    dir: DIRECTORY,
    direction: 'up',
    migrationsTable: 'migration',
    advisoryLockMode: 'wait',
    log: () => undefined,
  })
  const { installationKey } = options
  const vault = openVaultStore({ url: options.vaultUrl, installationKey })
  const owner = openDatabase({ url: options.ownerUrl, poolSize: 1 })
  try {
    await owner.transaction(async (tx) => {
      await tx.run(`select pg_advisory_xact_lock(hashtextextended('move keys to the vault', 0))`)
      const { is_there: isThere } = await tx.one(
        z.object({ is_there: z.boolean() }),
        `select to_regclass('public.vault_key') is not null as is_there`,
      )
      if (!isThere) return
      await tx.run('lock table vault_key in access exclusive mode')
      const keys = await tx.many(
        z.object({
          project_id: z.string(),
          wrapped_key: z.instanceof(Buffer),
          created_at: z.date(),
        }),
        'select project_id, wrapped_key, created_at from vault_key',
      )
      for (const key of keys) await vault.adopt(key.project_id, key.wrapped_key, key.created_at)
      await tx.run('drop table vault_key')
    })
  } finally {
    await owner.close()
    await vault.close()
  }
}
