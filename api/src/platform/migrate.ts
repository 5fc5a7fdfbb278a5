/** Brings the database to this version: forward-only SQL files, then the job queue's own tables. */
import { fileURLToPath } from 'node:url'
import { runMigrations } from 'graphile-worker'
import { runner } from 'node-pg-migrate'

const DIRECTORY = fileURLToPath(new URL('../migrations', import.meta.url))

/** Safe to run from many processes at once: the others wait (advisory lock). */
export async function migrate(databaseUrl: string): Promise<void> {
  await runner({
    databaseUrl,
    dir: DIRECTORY,
    direction: 'up',
    migrationsTable: 'migration',
    advisoryLockMode: 'wait',
    log: () => undefined,
  })
  await runMigrations({ connectionString: databaseUrl })
}
