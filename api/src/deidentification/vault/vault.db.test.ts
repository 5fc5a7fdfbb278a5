/** Keys of an installation from before the vault: moved whole or not at all. */
import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  createEmptyDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../../../test/support/database.ts'
import { migrateVault } from './migrate.ts'
import { openVaultStore } from './store.ts'
import { wrapKey } from './wrap.ts'

const INSTALLATION_KEY = randomBytes(32)
const KEY = randomBytes(32)

let main: TestDatabase
let vault: TestDatabase
let projectId: string

const sql = async (url: string, statement: string, values: unknown[] = []) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement, values)).rows
  } finally {
    await client.end()
  }
}
const move = (installationKey: Uint8Array = INSTALLATION_KEY) =>
  migrateVault({ vaultUrl: vault.url, ownerUrl: main.url, installationKey })
const isInMain = async () =>
  (await sql(main.url, `select to_regclass('public.vault_key') is not null as there`))[0]?.['there']
const readKey = async (version = 1) => {
  const store = openVaultStore({ url: vault.url, installationKey: INSTALLATION_KEY })
  try {
    return Buffer.from(await store.read({ projectId, version }))
  } finally {
    await store.close()
  }
}

beforeEach(async () => {
  ;[main, vault] = await Promise.all([createTestDatabase(), createEmptyDatabase()])
  const [project] = await sql(
    main.url,
    `insert into project (key, name_en, name_ko, pseudonym_prefix, pseudonym_digits, segments)
     values ('p-1', 'P', 'P', 'LC', 5, '[]') returning id`,
  )
  projectId = String(project?.['id'])
  await sql(main.url, 'insert into vault_key (project_id, wrapped_key) values ($1, $2)', [
    projectId,
    wrapKey(KEY, INSTALLATION_KEY, { projectId, version: 1 }),
  ])
})

afterEach(async () => {
  await Promise.all([main.drop(), vault.drop()])
})

test('every key is in the vault, and gone from the main database', async () => {
  await Promise.all([move(), move()])
  expect(await readKey()).toEqual(KEY)
  expect(await isInMain()).toBe(false)
  await move()
  expect(await readKey()).toEqual(KEY)
})

test('a crash between copying and dropping loses nothing', async () => {
  await move()
  await sql(
    main.url,
    `create table vault_key (project_id uuid primary key, wrapped_key bytea not null,
       created_at timestamptz not null default now())`,
  )
  await sql(main.url, 'insert into vault_key (project_id, wrapped_key) values ($1, $2)', [
    projectId,
    wrapKey(KEY, INSTALLATION_KEY, { projectId, version: 1 }),
  ])
  await move()
  expect(await readKey()).toEqual(KEY)
  expect(await isInMain()).toBe(false)
})

test.each([
  ['the key of another installation', () => move(randomBytes(32))],
  [
    'a vault that holds another key',
    async () => {
      const store = openVaultStore({ url: vault.url, installationKey: INSTALLATION_KEY })
      const before = await createTestDatabase()
      await sql(before.url, 'drop table vault_key')
      await migrateVault({
        vaultUrl: vault.url,
        ownerUrl: before.url,
        installationKey: INSTALLATION_KEY,
      })
      await before.drop()
      await store.create({ projectId, version: 1 })
      await store.close()
      await move()
    },
  ],
])('%s: nothing is dropped', async (_what, attempt) => {
  await expect(attempt()).rejects.toThrow()
  expect(await isInMain()).toBe(true)
})

test('a key is bound to its project and version, and stays', async () => {
  await move()
  const other = randomUUID()
  await sql(
    vault.url,
    `insert into project_key (project_id, version, wrapped_key)
     select project_id, 2, wrapped_key from project_key union all
     select $1, 1, wrapped_key from project_key`,
    [other],
  )
  await expect(readKey(2)).rejects.toThrow()
  projectId = other
  await expect(readKey()).rejects.toThrow()
  for (const statement of [
    'update project_key set version = 9',
    'delete from project_key',
    'truncate project_key',
  ]) {
    await expect(sql(vault.url, statement)).rejects.toMatchObject({ code: '23001' })
  }
})

test('a subject from before uploads were counted stays when the first that is counted gives it back', async () => {
  await move()
  const [old, young] = ['a', 'b'].map((digit) => digit.repeat(32))
  await sql(
    vault.url,
    `insert into subject (project_id, pseudonym, digest, is_counted) values ($1, 'LC00001', $2, false)`,
    [projectId, old],
  )
  const store = openVaultStore({ url: vault.url, installationKey: INSTALLATION_KEY })
  const [uploadId, other] = [randomUUID(), randomUUID()]
  try {
    const claims = [
      { pseudonym: 'LC00001', subjectDigest: old ?? '' },
      { pseudonym: 'LC00002', subjectDigest: young ?? '' },
    ]
    expect(await store.claimSubjects(projectId, uploadId, claims)).toEqual([])
    await expect(sql(vault.url, 'delete from subject')).rejects.toMatchObject({ code: '23001' })
    await store.giveBackSubjects(projectId, other)
    await store.giveBackSubjects(projectId, uploadId)
    expect(await sql(vault.url, 'select pseudonym from subject')).toEqual([
      { pseudonym: 'LC00001' },
    ])
    await expect(sql(vault.url, 'delete from subject')).rejects.toMatchObject({ code: '23001' })
  } finally {
    await store.close()
  }
})
