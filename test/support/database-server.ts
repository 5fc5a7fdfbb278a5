/**
 * Vitest's global setup of the database tests: one throwaway PostgreSQL with one migrated database,
 * which `createTestDatabase` (database.ts) clones for each file. Gone when the run ends.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startPostgres } from 'pandok/postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../api/src/platform/migrate.ts'
import { freePorts } from './free-port.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'pandok-database-'))
  // PostgreSQL may run as another user than we: it passes through, and lists nothing.
  await chmod(directory, 0o711)
  const server = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePorts(1),
    password: randomBytes(12).toString('hex'),
    database: 'template',
    isThrowaway: true,
  })
  await migrate(server.url)
  project.provide('templateDatabaseUrl', server.url)
  return async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
