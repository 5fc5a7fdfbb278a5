/** What KEDA asks PostgreSQL, as the role of the guide: it counts the jobs that want a worker, and reads no more. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'

const Trigger = z.object({ metadata: z.looseObject({ query: z.string() }) })
const Scaled = z.object({ spec: z.looseObject({ triggers: z.tuple([Trigger]) }) })
const DENIED = '42501'
const role = `scaler${randomBytes(4).toString('hex')}`

let database: TestDatabase
let superuser: pg.Client
let scaler: pg.Client

const query = parseAllDocuments(readFileSync(join(import.meta.dirname, 'worker.yaml'), 'utf8'))
  .map((document) => Scaled.safeParse(document.toJS()).data)
  .flatMap((scaled) => scaled?.spec.triggers[0].metadata.query ?? [])[0]

beforeAll(async () => {
  database = await createTestDatabase()
  superuser = new pg.Client({ connectionString: database.url })
  await superuser.connect()
  const url = new URL(database.url)
  const guide = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  const statements = (/```sql scaler\n(.*?)```/s.exec(guide)?.[1] ?? '')
    .replaceAll('pandok_scaler', role)
    .replaceAll('database pandok ', `database ${url.pathname.slice(1)} `)
  await superuser.query(statements)
  url.username = role
  url.password = 'scaler-secret'
  scaler = new pg.Client({ connectionString: url.href })
  await scaler.connect()
})

afterAll(async () => {
  await scaler.end()
  await superuser.query(`drop owned by ${role}`)
  await superuser.query(`drop role ${role}`)
  await superuser.end()
  await database.drop()
})

async function asked(): Promise<number> {
  const { rows } = await scaler.query<{ count: string }>(query ?? '')
  return Number(rows[0]?.count)
}

test('jobs that wait or run are counted; later ones and those that failed for good are not', async () => {
  expect(await asked()).toBe(0)
  const add = (...more: string[]) =>
    superuser.query(
      `select graphile_worker.add_job('x', ${['max_attempts := 3', ...more].join(', ')})`,
    )
  await add()
  await add()
  expect(await asked()).toBe(2)
  await add(`run_at := now() + interval '1 hour'`)
  expect(await asked()).toBe(2)
  await superuser.query(
    `update graphile_worker._private_jobs set attempts = 3
      where id = (select min(id) from graphile_worker._private_jobs)`,
  )
  expect(await asked()).toBe(1)
})

test.each(['study', 'person', 'audit_event', 'graphile_worker._private_jobs'])(
  'its role cannot read %s',
  async (table) => {
    await expect(scaler.query(`select 1 from ${table} limit 1`)).rejects.toMatchObject({
      code: DENIED,
    })
  },
)
