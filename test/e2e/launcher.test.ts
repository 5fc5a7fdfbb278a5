/** `npm start` as a person at a terminal meets it: twice, killed, interrupted, on a taken port. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@pandok/contract'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { freePorts } from '../support/free-port.ts'

const ROOT = join(import.meta.dirname, '../..')
const Demonstration = z.object({
  url: z.string(),
  tokenUrl: z.string(),
  users: z.array(
    z.object({
      username: z.string(),
      password: z.string(),
      roles: z.array(z.string()),
      clientId: z.string(),
      clientSecret: z.string(),
    }),
  ),
})

let data: string
let port: number
const running = new Set<ChildProcess>()

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'pandok-launcher-'))
  // Others may not look in; the launcher itself makes a way through for the database's user.
  await chmod(data, 0o700)
  port = await freePorts(3)
})

afterEach(async () => {
  await Promise.all([...running].map((child) => interrupt(child, 'SIGTERM')))
})

afterAll(async () => {
  await rm(data, { recursive: true, force: true })
})

test('the first start makes accounts, the project and two phantom patients', async () => {
  const { child, output } = await start()
  expect(output).toContain(`http://127.0.0.1:${port}`)
  const demonstration = await readDemonstration()
  expect(demonstration.users.map(({ username }) => username)).toEqual([
    'data-manager',
    'labeler-1',
    'labeler-2',
    'reviewer-1',
    'reviewer-2',
    'manager',
    'researcher',
    'auditor',
    'admin',
  ])
  for (const { username, password, roles } of demonstration.users) {
    expect(output).toMatch(new RegExp(`${username} +${password} +${roles.join(', ')}`))
  }
  expect(await caseCount()).toBe(2)
  expect(await interrupt(child)).toBe(0)
})

test('nobody else may read secrets, keys, accounts or logs', async () => {
  const modes = await Promise.all(
    ['secrets.json', 'installation.key', 'identity.json', 'demo.json', 'blobs', 'logs'].map(
      async (name) => (await stat(join(data, name))).mode & 0o077,
    ),
  )
  expect(modes).toEqual([0, 0, 0, 0, 0, 0])
})

test('after Ctrl-C nothing of it runs; a second start finds all as it was', async () => {
  expect(await isAnswering(`http://127.0.0.1:${port}/api/health`)).toBe(false)
  await expect(stat(join(data, 'postgres/data/postmaster.pid'))).rejects.toThrow('ENOENT')
  const before = await readDemonstration()
  const started = performance.now()
  const { child } = await start()
  process.stdout.write(`second start ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  expect(await readDemonstration()).toEqual(before)
  expect(await caseCount()).toBe(2)
  await interrupt(child)
})

test('a second start on the same folder says so and ends', async () => {
  const first = await start()
  const second = launch(['--port', String(port + 10)])
  expect(await second.ended).toBe(1)
  expect(second.text()).toContain(`is in use by process ${first.child.pid}`)
  await interrupt(first.child)
})

test('after kill -9 the processes end by themselves, and the next start finds everything', async () => {
  const { child } = await start()
  const children = await childrenOf(child)
  expect(children.size).toBe(3)
  child.kill('SIGKILL')
  await expect.poll(() => [...children.values()].filter(isRunning), { timeout: 10_000 }).toEqual([])
  const { child: next } = await start()
  expect(await caseCount()).toBe(2)
  await interrupt(next)
})

test('kill -9 and a start at once, on another port: the database is taken over', async () => {
  const { child } = await start()
  child.kill('SIGKILL')
  const other = await freePorts(3)
  const next = await start(['--port', String(other)])
  expect((await readDemonstration()).url).toBe(`http://127.0.0.1:${other}`)
  expect(await caseCount()).toBe(2)
  await interrupt(next.child)
})

test('a process that dies is started again', async () => {
  const { child } = await start()
  const address = `http://127.0.0.1:${port}/api/health`
  process.kill((await childrenOf(child)).get('http') ?? Number.NaN, 'SIGKILL')
  await expect.poll(() => isAnswering(address), { timeout: 2_000, interval: 10 }).toBe(false)
  await expect.poll(() => isAnswering(address), { timeout: 10_000 }).toBe(true)
  await interrupt(child)
})

test('Ctrl-C in the middle of a start leaves nothing behind', async () => {
  const { child, text, ended } = launch()
  await expect.poll(text, { timeout: 20_000, interval: 5 }).toContain('migrations')
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  await expect(stat(join(data, 'postgres/data/postmaster.pid'))).rejects.toThrow('ENOENT')
})

test('a taken port is one sentence', async () => {
  const stranger = createServer().listen(port, '127.0.0.1')
  const { ended, text } = launch()
  expect(await ended).toBe(1)
  expect(text()).toContain(`pandok: port ${port} is in use: choose another with --port`)
  await new Promise((resolve) => stranger.close(resolve))
})

test.each([
  ['--port 80x', '--port must be a number from 1 to 65533'],
  ['--colour', 'usage: npm start'],
])('%s is refused with the usage', async (line, message) => {
  const { ended, text } = launch(line.split(' '))
  expect(await ended).toBe(2)
  expect(text()).toContain(message)
})

function launch(args: readonly string[] = []) {
  const child = spawn(
    process.execPath,
    ['deploy/local/start.ts', '--data', data, '--port', String(port), ...args],
    { cwd: ROOT, env: { ...process.env, MIN_FREE_BYTES: '1000000' } },
  )
  running.add(child)
  let output = ''
  const keep = (chunk: Buffer) => {
    output += chunk.toString('utf8')
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  return { child, ended, text: () => output }
}

async function start(args: readonly string[] = []) {
  const { child, ended, text } = launch(args)
  void ended.then((code) => {
    if (code !== 0 && code !== null) process.stderr.write(text())
  })
  await expect.poll(text, { timeout: 120_000, interval: 20 }).toContain('Ctrl-C stops it.')
  return { child, output: text() }
}

async function interrupt(child: ChildProcess, signal: NodeJS.Signals = 'SIGINT') {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  child.kill(signal)
  return await ended
}

const readDemonstration = async () =>
  Demonstration.parse(JSON.parse(await readFile(join(data, 'demo.json'), 'utf8')))

async function caseCount(): Promise<number> {
  const { url, tokenUrl, users } = await readDemonstration()
  const user = users.find(({ username }) => username === 'manager')
  const answer = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: user?.clientId ?? '',
      client_secret: user?.clientSecret ?? '',
    }),
  })
  const { access_token } = z.object({ access_token: z.string() }).parse(await answer.json())
  const client = createClient({ baseUrl: url, getToken: () => Promise.resolve(access_token) })
  const { items } = await client.listCases({ params: { projectKey: 'lung-prognosis' } })
  return items.length
}

const isAnswering = (address: string) =>
  fetch(address).then(
    (answer) => answer.ok,
    () => false,
  )

/** Our programs by the last word of their command; PostgreSQL, which outlives a kill, is not one. */
async function childrenOf({ pid }: ChildProcess): Promise<Map<string, number>> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const found = new Map<string, number>()
  for (const child of list.trim().split(' ').map(Number)) {
    const words = (await readFile(`/proc/${child}/cmdline`, 'utf8')).split('\0').filter(Boolean)
    if (words[0] === process.execPath) found.set(words.at(-1) ?? '', child)
  }
  return found
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
