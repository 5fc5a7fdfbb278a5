/** Who may do what on the embedded server, each attacked with the role's own connection. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../api/src/platform/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { type DatabaseUrls, prepareRoles } from './database-roles.ts'

const DENIED = '42501'

let database: TestDatabase
let urls: DatabaseUrls

beforeAll(async () => {
  // Migrated by its owner alone, queue included: an installation from before the roles.
  database = await createTestDatabase()
  await prepareRoles(database.url, { application: 'first', vault: 'first' })
  urls = await prepareRoles(database.url, { application: 'a pass/word', vault: 'another' })
  await migrate(database.url, urls.applicationUrl)
  await migrate(database.url, urls.applicationUrl)
}, 120_000)

afterAll(() => database.drop())

const run = async (url: string, statement: string) => {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof pg.DatabaseError ? error.code : String(error)),
  )

describe('the application', () => {
  test.each([
    'audit_event',
    'deid_profile',
    'ledger_entry',
    'processing_terms',
    'outcome_revision',
    'segmentation_revision',
  ])('adds to %s, and neither changes, removes nor empties it', async (table) => {
    expect(await run(urls.applicationUrl, `select count(*) from ${table}`)).toHaveLength(1)
    const [rights] = await run(
      urls.applicationUrl,
      `select has_table_privilege('${table}', 'insert') as insert,
              has_table_privilege('${table}', 'update') as update,
              has_table_privilege('${table}', 'delete') as delete,
              has_table_privilege('${table}', 'truncate') as truncate`,
    )
    expect(rights).toEqual({ insert: true, update: false, delete: false, truncate: false })
    for (const statement of [
      `delete from ${table}`,
      `truncate ${table}`,
      `alter table ${table} disable trigger all`,
      `drop table ${table}`,
    ]) {
      expect(await codeOf(run(urls.applicationUrl, statement)), statement).toBe(DENIED)
    }
  })

  test('makes no tables, becomes no other role, enters no vault', async () => {
    expect(await codeOf(run(urls.applicationUrl, 'create table public.mine ()'))).toBe(DENIED)
    expect(await codeOf(run(urls.applicationUrl, 'create schema mine'))).toBe(DENIED)
    expect(await codeOf(run(urls.applicationUrl, 'set role pandok_vault'))).toBe(DENIED)
    const vault = new URL(urls.applicationUrl)
    vault.pathname = new URL(urls.vaultUrl).pathname
    expect(await codeOf(run(vault.href, 'select 1'))).toBe(DENIED)
  })

  test('owns the queue that it works on', async () => {
    await run(
      urls.applicationUrl,
      `select graphile_worker.add_job('a.job', '{}'::json, max_attempts := 3)`,
    )
    const jobs = await run(
      urls.applicationUrl,
      `select tasks.identifier from graphile_worker._private_jobs jobs
         join graphile_worker._private_tasks tasks on tasks.id = jobs.task_id`,
    )
    expect(jobs).toEqual([{ identifier: 'a.job' }])
  })
})

describe('the vault', () => {
  test('keeps its own tables and enters no other database', async () => {
    await run(urls.vaultUrl, 'create table if not exists mine (); drop table mine')
    const main = new URL(urls.vaultUrl)
    main.pathname = new URL(database.url).pathname
    expect(await codeOf(run(main.href, 'select 1'))).toBe(DENIED)
  })

  test('is reached by the newest password only', async () => {
    const old = new URL(urls.vaultUrl)
    old.password = 'first'
    expect(await codeOf(run(old.href, 'select 1'))).toBe('28P01')
  })
})
