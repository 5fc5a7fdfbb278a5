/** The statements of the guide, run as they stand there: what they make is enough, and no more. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { migrateVault } from '../api/src/deidentification/index.ts'
import { migrate } from '../api/src/platform/migrate.ts'

const DENIED = '42501'
const GUIDE = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
/** Roles are the server's, which other tests use as well. */
const MARK = `guide${randomBytes(4).toString('hex')}`
const installationKey = randomBytes(32)

const superuser = new URL(inject('templateDatabaseUrl'))
superuser.pathname = '/postgres'

/** Our names and ways in place of the guide's. */
const ours = (text: string) => text.replaceAll(/\bpandok(?=\b|_)/g, MARK)

const statementsOf = (name: string) => {
  const block = new RegExp(`\`\`\`sql ${name}\\n(.*?)\`\`\``, 's').exec(GUIDE)?.[1] ?? ''
  return ours(block)
    .split(';')
    .map((statement) => statement.replaceAll(/^--.*$/gm, '').trim())
    .filter((statement) => statement !== '')
}

/** As the guide writes it, but on the server of the test. */
const urlOf = (setting: string) => {
  const written = new RegExp(`^    export ${setting}=(\\S+)`, 'm').exec(GUIDE)?.[1] ?? ''
  const url = new URL(ours(written))
  url.host = superuser.host
  url.search = ''
  return url.href
}

const run = async (url: string, ...statements: readonly string[]) => {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    for (const statement of statements) await client.query(statement)
    return undefined
  } catch (error) {
    return error instanceof pg.DatabaseError ? error.code : String(error)
  } finally {
    await client.end()
  }
}
const [owner, application, vault] = ['DATABASE_OWNER_URL', 'DATABASE_URL', 'VAULT_URL'].map(
  urlOf,
) as [string, string, string]
const migrateAll = async (applicationUrl = application) => {
  await migrate(owner, applicationUrl)
  await migrateVault({ vaultUrl: vault, ownerUrl: owner, installationKey })
}

beforeAll(async () => {
  for (const block of ['main', 'vault']) {
    const statements = statementsOf(block)
    expect(statements.length).toBeGreaterThan(2)
    expect(await run(superuser.href, ...statements)).toBeUndefined()
  }
}, 60_000)

afterAll(async () => {
  await run(superuser.href, `drop database ${MARK} with (force)`)
  await run(superuser.href, `drop database ${MARK}_vault with (force)`)
  await run(superuser.href, ...['owner', 'app', 'vault'].map((role) => `drop role ${MARK}_${role}`))
})

test('an installation of one role, and the same with its roles apart', async () => {
  await migrateAll(owner)
  expect(await run(superuser.href, ...statementsOf('takeover'))).toBeUndefined()
  await migrateAll()
  const add = `select graphile_worker.add_job('a.job', '{}'::json, max_attempts := 3)`
  expect(await run(application, add)).toBeUndefined()
}, 60_000)

test('a new one, migrated again and again by an owner who is no superuser', async () => {
  await run(superuser.href, `revoke ${MARK}_app from ${MARK}_owner`)
  await run(superuser.href, `drop database ${MARK} with (force)`)
  expect(await run(superuser.href, ...statementsOf('main').slice(2))).toBeUndefined()
  await migrateAll()
  await migrateAll()
  const add = `select graphile_worker.add_job('a.job', '{}'::json, max_attempts := 3)`
  expect(await run(application, 'select from upload', add)).toBeUndefined()
}, 60_000)

test.each([
  ['the application', application, 'delete from audit_event'],
  ['the application', application, 'alter table audit_event disable trigger all'],
  ['the application', application, 'create table public.mine ()'],
  ['the application', application.replace(/\/\w+$/, `/${MARK}_vault`), 'select 1'],
  ['the vault', vault.replace(/\/\w+$/, `/${MARK}`), 'select 1'],
  ['the owner', owner.replace(/\/\w+$/, `/${MARK}_vault`), 'select 1'],
  ['the owner', owner, `create role ${MARK}_more`],
  ['the vault', vault, `create database ${MARK}_more`],
])('%s: refused (%#)', async (_who, url, statement) => {
  expect(await run(url, statement)).toBe(DENIED)
})

test('what is written once stays so for the owner as well', async () => {
  expect(await run(owner, 'truncate audit_event')).toBe('23001')
})
