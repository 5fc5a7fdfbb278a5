/** Brings the database to this version: forward-only SQL files, then the job queue's own tables. */
import { fileURLToPath } from 'node:url'
import { runMigrations } from 'graphile-worker'
import { runner } from 'node-pg-migrate'
import { giveQueue, giveRights } from './rights.ts'

const DIRECTORY = fileURLToPath(new URL('../migrations', import.meta.url))

/**
 * Safe to run from many processes at once: the others wait (advisory lock). Where the owner is another
 * role than the application's, that gets its rights here, and no more.
 */
export async function migrate(ownerUrl: string, applicationUrl = ownerUrl): Promise<void> {
  await runner({
    databaseUrl: ownerUrl,
    dir: DIRECTORY,
    direction: 'up',
    migrationsTable: 'migration',
    advisoryLockMode: 'wait',
    log: () => undefined,
  })
  const isApart = ownerUrl !== applicationUrl
  if (isApart) await giveQueue(ownerUrl, applicationUrl)
  await runMigrations({ connectionString: applicationUrl })
  if (isApart) await giveRights(ownerUrl, applicationUrl)
}
