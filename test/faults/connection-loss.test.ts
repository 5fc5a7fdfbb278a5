/**
 * F14: the lines between API and database, object store and identity provider are cut, stall, stay half
 * open, or give 1 KiB/s. Who asks is told 503 soon, nothing piles up, nobody gets in who is not known,
 * and all is well by itself when the line is back.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { freePorts } from '../support/free-port.ts'
import { pause } from '../support/holds.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import {
  HAS_OBJECT_STORE,
  startObjectStore,
  type TestObjectStore,
} from '../support/object-store.ts'
import { type ApiProcess, memoryMib, startApiProcess } from '../support/processes.ts'
import { type LineFault, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { PROJECT } from '../support/workflow.ts'

/** The breaker opens within 5 s; a call may begin just before the line is lost. */
const ANSWERED_WITHIN_MS = 8_000
const RECOVERED_WITHIN_MS = 10_000
const MAX_GROWTH_MIB = 200
const isLong = process.env['PANDOK_FAULTS'] === 'long'
const FAULT_MS = isLong ? 30_000 : 7_000
const CALLERS = 20
const BUCKET = 'pandok-lines'

let store: TestObjectStore | undefined
let pandok: TestInstallation
let folder: string
let token: string
let uploadId: string
let api: ApiProcess
let keysUrl: string
const lines = new Map<string, TcpProxy>()

/** A proxy before the server of that address; the address through it. */
async function through(name: string, address: string): Promise<string> {
  const [port, { port: target }] = [await freePorts(1), new URL(address)]
  lines.set(name, await startTcpProxy(port, Number(target)))
  return address.replace(`:${target}`, `:${port}`)
}
function line(name: string): TcpProxy {
  const found = lines.get(name)
  if (found === undefined) throw new Error(`no line to ${name}`)
  return found
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-lines-'))
  store = HAS_OBJECT_STORE ? await startObjectStore() : undefined
  await store?.makeBucket(BUCKET)
  pandok = await startTestInstallation()
  token = await pandok.tokenOf('data-manager')
  uploadId = (await pandok.as('data-manager').createUpload({ params: PROJECT, body: {} })).id
  const databaseUrl = await through('database', pandok.databaseUrl)
  const { oidc } = await pandok.as('data-manager').getConfig({ params: {} })
  const issuer = `${oidc.url}/realms/${oidc.realm}`
  const discovery: unknown = await (
    await fetch(`${issuer}/.well-known/openid-configuration`)
  ).json()
  keysUrl = await through('identity', z.object({ jwks_uri: z.url() }).parse(discovery).jwks_uri)
  const env: Record<string, string> = {}
  if (store !== undefined) {
    const endpoint = encodeURIComponent(await through('store', store.endpoint))
    env['BLOB_URL'] = `s3://${BUCKET}/blobs?endpoint=${endpoint}&region=${store.region}`
    env['S3_ACCESS_KEY_ID'] = store.credentials.accessKeyId
    env['S3_SECRET_ACCESS_KEY'] = store.credentials.secretAccessKey
    env['LOCAL_COPIES_DIR'] = join(folder, 'copies')
  }
  const ownPort = new URL(pandok.databaseUrl).port
  const lentPort = new URL(databaseUrl).port
  api = await startApiProcess(
    await freePorts(1),
    (url) => url.replace(`:${ownPort}/`, `:${lentPort}/`),
    env,
  )
})
afterAll(async () => {
  await api.kill()
  for (const proxy of lines.values()) await proxy.close()
  await pandok.stop()
  await store?.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly ms: number
  readonly canRetry: boolean
}

async function ask(url: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const started = performance.now()
  const answer = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/dicom' },
    ...init,
  })
  await answer.arrayBuffer()
  const ms = performance.now() - started
  return { status: answer.status, ms, canRetry: answer.headers.has('retry-after') }
}
const read = () => ask(api.url, '/api/me')
function write(): Promise<Answer> {
  const body = randomBytes(2_000)
  const sha256 = createHash('sha256').update(body).digest('hex')
  return ask(api.url, `/api/uploads/${uploadId}/files/${sha256}`, { method: 'PUT', body })
}

/** What callers are told until `isOver`. */
async function tell(call: () => Promise<Answer>, callers: number, isOver: () => boolean) {
  const each = async () => {
    const own: Answer[] = []
    while (!isOver()) {
      own.push(await call())
      await pause(100)
    }
    return own
  }
  return (await Promise.all(Array.from({ length: callers }, each))).flat()
}

async function untilWell(call: () => Promise<Answer>): Promise<number> {
  const started = performance.now()
  while ((await call()).status >= 400) {
    if (performance.now() - started > 60_000) throw new Error('it did not become well again')
    await pause(100)
  }
  return performance.now() - started
}

const CASES: readonly {
  to: string
  fault: LineFault
  call: () => Promise<Answer>
  onlyLong?: boolean
  /** Slow is not away: some are served. */
  statuses?: readonly number[]
}[] = [
  { to: 'database', fault: 'drop', call: read },
  { to: 'database', fault: 'stall', call: read },
  { to: 'database', fault: 'halfOpen', call: read, onlyLong: true },
  { to: 'database', fault: 'slow', call: read, statuses: [200, 503] },
  { to: 'store', fault: 'drop', call: write, onlyLong: true },
  { to: 'store', fault: 'stall', call: write },
  { to: 'store', fault: 'halfOpen', call: write, onlyLong: true },
  { to: 'store', fault: 'slow', call: write, onlyLong: true, statuses: [200, 503] },
]

test.each(CASES.filter(({ onlyLong }) => isLong || onlyLong !== true))(
  'F14: $to, $fault: 503 soon, and all is well when the line is back',
  async ({ to, fault, call, statuses = [503] }) => {
    // Without an object store on this machine.
    if (!lines.has(to)) return
    token = await pandok.tokenOf('data-manager')
    expect(await call()).toMatchObject({ status: 200 })
    const before = memoryMib(api.pid)
    const startedMs = performance.now()
    line(to)[fault]()
    const isOver = () => performance.now() - startedMs > FAULT_MS
    // Who needs no file is served while only the store is away.
    const [answers, others] = await Promise.all([
      tell(call, CALLERS, isOver),
      to === 'store' ? tell(read, 2, isOver) : [],
    ])
    const growth = memoryMib(api.pid) - before
    line(to).pass()
    const recoveredMs = await untilWell(call)
    const slowest = Math.max(...answers.map(({ ms }) => ms))
    const refused = answers.filter(({ status }) => status === 503)
    process.stdout.write(
      `line to ${to}, ${fault}: ${answers.length} answers, ${refused.length} of them 503, the slowest after ` +
        `${(slowest / 1000).toFixed(1)} s${others.length > 0 ? `, ${others.length} others served` : ''}; ` +
        `+${growth.toFixed(0)} MiB; well again after ${(recoveredMs / 1000).toFixed(1)} s\n`,
    )
    for (const { status } of answers) expect(statuses).toContain(status)
    for (const { canRetry } of refused) expect(canRetry).toBe(true)
    for (const { status } of others) expect(status).toBe(200)
    if (fault !== 'slow') expect(slowest).toBeLessThan(ANSWERED_WITHIN_MS)
    expect(recoveredMs).toBeLessThan(RECOVERED_WITHIN_MS)
    expect(growth).toBeLessThan(MAX_GROWTH_MIB)
  },
)

const IDENTITY_FAULTS: readonly LineFault[] = isLong
  ? ['drop', 'stall', 'halfOpen', 'slow']
  : ['stall']

test.each(IDENTITY_FAULTS)(
  'F14: identity provider, %s: who is not known is not let in, who is known goes on',
  async (fault) => {
    token = await pandok.tokenOf('data-manager')
    // A process that has not seen the provider's keys, and one that has.
    line('identity')[fault]()
    const fresh = await startApiProcess(await freePorts(1), undefined, { OIDC_JWKS_URL: keysUrl })
    try {
      const before = memoryMib(fresh.pid)
      const startedMs = performance.now()
      const isOver = () => performance.now() - startedMs > FAULT_MS
      const [header = '', payload = ''] = token.split('.')
      const forged = { authorization: `Bearer ${header}.${payload}.${'A'.repeat(342)}` }
      const [answers, intruders, known] = await Promise.all([
        tell(() => ask(fresh.url, '/api/me'), CALLERS, isOver),
        tell(() => ask(fresh.url, '/api/me', { headers: forged }), 2, isOver),
        tell(() => ask(pandok.url, '/api/me'), 2, isOver),
      ])
      const growth = memoryMib(fresh.pid) - before
      line('identity').pass()
      const recoveredMs = await untilWell(() => ask(fresh.url, '/api/me'))
      const slowest = Math.max(...answers.map(({ ms }) => ms))
      const refused = answers.filter(({ status }) => status === 503)
      process.stdout.write(
        `line to identity, ${fault}: ${answers.length} answers, ${refused.length} of them 503, the slowest after ` +
          `${(slowest / 1000).toFixed(1)} s; ${intruders.length} forged tokens, 0 let in; ${known.length} known served; ` +
          `+${growth.toFixed(0)} MiB; well again after ${(recoveredMs / 1000).toFixed(1)} s\n`,
      )
      for (const { status } of answers)
        expect([503, ...(fault === 'slow' ? [200] : [])]).toContain(status)
      for (const { status } of intruders) expect([401, 503]).toContain(status)
      for (const { status } of known) expect(status).toBe(200)
      expect(await ask(fresh.url, '/api/me', { headers: forged })).toMatchObject({ status: 401 })
      expect(slowest).toBeLessThan(ANSWERED_WITHIN_MS)
      expect(recoveredMs).toBeLessThan(RECOVERED_WITHIN_MS)
      expect(growth).toBeLessThan(MAX_GROWTH_MIB)
    } finally {
      line('identity').pass()
      await fresh.kill()
    }
  },
)
