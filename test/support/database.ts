/** A migrated, empty database for one test file, cloned in a few hundredths of a second. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the migrated database that others are cloned from. */
    templateDatabaseUrl: string
  }
}

export interface TestDatabase {
  readonly url: string
  /** Ends open connections and removes the database. */
  readonly drop: () => Promise<void>
}

/** Only in `*.db.test.ts` files: their global setup (database-server.ts) runs the server. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const template = new URL(inject('templateDatabaseUrl'))
  return await create(template, `template "${template.pathname.slice(1)}"`)
}

/** Without a table. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  return await create(new URL(inject('templateDatabaseUrl')), '')
}

async function create(template: URL, source: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await execute(template, `create database ${name} ${source}`)
  const url = new URL(template)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => execute(template, `drop database ${name} with (force)`) }
}

/** Runs one statement beside the template: nobody may be connected to what is cloned. */
async function execute(template: URL, statement: string): Promise<void> {
  const maintenance = new URL(template)
  maintenance.pathname = '/postgres'
  const client = new pg.Client({ connectionString: maintenance.href })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
