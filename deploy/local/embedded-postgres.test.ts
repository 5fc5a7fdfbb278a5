import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '../../test/support/free-port.ts'
import { type PostgresOptions, startPostgres } from './embedded-postgres.ts'

let directory: string
let options: PostgresOptions

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pandok-postgres-test-'))
  await chmod(directory, 0o711)
  options = {
    directory: join(directory, 'postgres'),
    port: await freePorts(2),
    password: 'a pass/word@with:signs',
    database: 'pandok',
  }
})

afterAll(async () => {
  await (await startPostgres(options)).stop()
  await rm(directory, { recursive: true, force: true })
})

test('a first start makes an empty database that only the password opens', async () => {
  const server = await startPostgres(options)
  await query(server.url, 'create table kept (value text)')
  const stranger = new URL(server.url)
  stranger.password = 'another'
  await expect(query(stranger.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  expect(await query(server.url, 'show listen_addresses')).toEqual([
    { listen_addresses: '127.0.0.1' },
  ])
  expect((await stat(join(options.directory, 'data'))).mode & 0o077).toBe(0)
  await server.stop()
  await expect(query(server.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('what was committed before kill -9 is there after the next start', async () => {
  const server = await startPostgres(options)
  await query(server.url, `insert into kept values ('acknowledged')`)
  await server.kill()
  const next = await startPostgres(options)
  expect(await query(next.url, 'select value from kept')).toEqual([{ value: 'acknowledged' }])
  await next.stop()
})

test('a server that outlived its parent is used again, even when another port is asked for', async () => {
  const first = await startPostgres(options)
  const pid = await postmaster()
  const second = await startPostgres({ ...options, port: options.port + 1 })
  expect(await postmaster()).toBe(pid)
  expect(second.port).toBe(options.port)
  expect(await query(second.url, 'select count(*)::int from kept')).toEqual([{ count: 1 }])
  await first.stop()
})

test('a port that another PostgreSQL holds is refused in one sentence', async () => {
  const server = await startPostgres(options)
  const other = { ...options, directory: join(directory, 'other'), password: 'other' }
  await expect(startPostgres(other)).rejects.toThrow(
    'another PostgreSQL holds the port: choose one with --port',
  )
  await server.stop()
})

const postmaster = async () =>
  (await readFile(join(options.directory, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  // A killed server ends our connection too.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
