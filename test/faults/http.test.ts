/**
 * F19 and F20: clients that are slow, lie about lengths, send too much or too deep. Each is refused or
 * cut off soon, memory stays flat, and others are served meanwhile.
 */
import { createHash, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { forgetPeak, memoryMib, peakMib, pidOf } from '../support/processes.ts'
import { PROJECT } from '../support/workflow.ts'

/** More in the long form. */
const SLOW_CLIENTS = process.env['PANDOK_FAULTS'] === 'long' ? 1_000 : 300
const CLOSED_WITHIN_MS = 15_000
const SLOW_READERS = 10
/** Of F20. */
const MAX_GROWTH_MIB = 50
const ANSWERED_WITHIN_MS = 1_000
/** A body that claims no length is read until it is too long. */
const READ_WITHIN_MS = 5_000
const SETTLED_AFTER_MS = 4_000

let pandok: TestInstallation
let token: string
let uploadId: string
let api: number

beforeAll(async () => {
  pandok = await startTestInstallation()
  token = await pandok.tokenOf('data-manager')
  uploadId = (await pandok.as('data-manager').createUpload({ params: PROJECT, body: {} })).id
  api = pidOf('http')
})
afterAll(() => pandok.stop())

const open = () => {
  const { hostname, port } = new URL(pandok.url)
  return connect(Number(port), hostname)
}
/** When the other side closed it, in ms from now; whatever it sent. */
const untilClosed = (socket: Socket): Promise<{ ms: number; text: string }> => {
  const started = performance.now()
  let text = ''
  socket.on('data', (chunk) => {
    if (text.length < 10_000) text += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    socket.once('close', () => {
      resolve({ ms: performance.now() - started, text })
    })
  })
}
const head = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  [
    `${method} ${path} HTTP/1.1`,
    'host: pandok',
    `authorization: Bearer ${token}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n')
const filePath = (sha256: string) => `/api/uploads/${uploadId}/files/${sha256}`
const DICOM = { 'content-type': 'application/dicom' }
const JSON_BODY = { 'content-type': 'application/json' }

/** Latencies of an ordinary client, in ms, until it is stopped. */
function watchOthers() {
  const times: number[] = []
  const watch = { isStopped: false }
  const done = (async () => {
    while (!watch.isStopped) {
      const started = performance.now()
      const answer = await fetch(`${pandok.url}/api/me`, {
        headers: { authorization: `Bearer ${token}` },
      })
      await answer.arrayBuffer()
      expect(answer.status).toBe(200)
      times.push(performance.now() - started)
      await new Promise((wake) => setTimeout(wake, 25))
    }
  })()
  return {
    stop: async () => {
      watch.isStopped = true
      await done
      const sorted = times.toSorted((a, b) => a - b)
      return { count: times.length, p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0 }
    },
  }
}

test('F19: slow headers, slow bodies and slow readers are closed, and others are served', async () => {
  const undisturbed = watchOthers()
  await new Promise((wake) => setTimeout(wake, 3_000))
  const usual = await undisturbed.stop()
  forgetPeak(api)
  const before = memoryMib(api)
  const dribbles: (() => void)[] = []
  const ends: { kind: string; ms: number }[] = []
  let count = 0
  const watch = (kind: string, socket: Socket) => {
    count += 1
    void untilClosed(socket).then(({ ms }) => ends.push({ kind, ms }))
  }
  const dribble = (kind: string, first: string, next: string) => {
    const socket = open()
    watch(kind, socket)
    socket.write(first)
    dribbles.push(() => {
      if (!socket.destroyed) socket.write(next)
    })
  }
  for (let at = 0; at < SLOW_CLIENTS / 2; at++) {
    dribble('header', 'GET /api/me HTTP/1.1\r\nhost: pandok\r\n', 'x-more: 1\r\n')
    const length = { 'content-length': '1000000' }
    dribble('body', head('PUT', own(), { ...DICOM, ...length }), 'x')
  }
  for (let at = 0; at < SLOW_READERS; at++) {
    const socket = open()
    watch('reader', socket)
    socket.pause()
    // More than the system keeps for us between the two.
    socket.write(head('GET', '/api/openapi.json').repeat(150))
    // Who does not read learns from writing that the other side is gone.
    dribbles.push(() => {
      if (!socket.destroyed) socket.write('\r\n')
    })
  }
  const timer = setInterval(() => {
    for (const each of dribbles) each()
  }, 1_000)
  // All of them asked for something at once, the readers for 1,500 documents; once that is done they are slow.
  await new Promise((wake) => setTimeout(wake, SETTLED_AFTER_MS))
  const others = watchOthers()
  const started = performance.now()
  while (ends.length < count && performance.now() - started < CLOSED_WITHIN_MS + 10_000) {
    await new Promise((wake) => setTimeout(wake, 100))
  }
  clearInterval(timer)
  const served = await others.stop()
  const slowest = (kind: string) =>
    Math.max(...ends.filter((each) => each.kind === kind).map(({ ms }) => ms)) / 1000
  process.stdout.write(
    `slow clients: ${ends.length} of ${count} closed; the last header after ${slowest('header').toFixed(1)} s, ` +
      `body ${slowest('body').toFixed(1)} s, reader ${slowest('reader').toFixed(1)} s; ${served.count} answers ` +
      `for others, p99 ${served.p99.toFixed(0)} ms, without them ${usual.p99.toFixed(0)} ms; +${(peakMib(api) - before).toFixed(0)} MiB\n`,
  )
  expect(ends).toHaveLength(count)
  for (const { ms } of ends) expect(ms).toBeLessThan(CLOSED_WITHIN_MS)
  // How much longer they wait is printed: one burst of all these clients' closings is most of it.
  expect(served.count).toBeGreaterThan(0)
})

interface Attack {
  readonly title: string
  readonly status: number
  readonly head: () => string
  /** undefined ends; a chunk is repeated when it is the same. */
  readonly body?: () => Buffer | undefined
}

const MIB = Buffer.alloc(1024 * 1024, ' ')
const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
const endless = () => Buffer.concat([Buffer.from('100000\r\n'), MIB, Buffer.from('\r\n')])
const times = (count: number, chunk: Buffer) => {
  let left = count
  return () => (left-- > 0 ? chunk : undefined)
}
const own = () => filePath(createHash('sha256').update(randomBytes(8)).digest('hex'))
const json = (length: number) => ({ ...JSON_BODY, 'content-length': String(length) })
const uploads = `/api/projects/${PROJECT.projectKey}/uploads`
const manyKeys = Buffer.from(
  JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at]))),
)
const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024))

const ATTACKS: readonly Attack[] = [
  {
    title: 'a file that claims 4 GiB',
    status: 413,
    head: () => head('PUT', own(), { ...DICOM, 'content-length': String(4 * 1024 ** 3) }),
    body: () => MIB,
  },
  {
    title: 'a file without end that claims nothing',
    status: 413,
    head: () => head('PUT', own(), { ...DICOM, 'transfer-encoding': 'chunked' }),
    body: endless,
  },
  {
    title: 'a part of 100 MB',
    status: 413,
    head: () =>
      head('PATCH', `${own()}?offset=0&length=1000000000`, {
        'content-type': 'application/offset+octet-stream',
        'content-length': '100000000',
      }),
    body: () => MIB,
  },
  {
    title: 'JSON of 100 MB',
    status: 413,
    head: () => head('POST', uploads, json(100 * 1024 * 1024)),
    body: () => MIB,
  },
  {
    title: 'JSON without end that claims nothing',
    status: 413,
    head: () => head('POST', uploads, { ...JSON_BODY, 'transfer-encoding': 'chunked' }),
    body: endless,
  },
  {
    title: 'a file compressed on its way',
    status: 415,
    head: () =>
      head('PUT', own(), {
        ...DICOM,
        'content-encoding': 'gzip',
        'content-length': String(bomb.length),
      }),
    body: times(1, bomb),
  },
  {
    title: 'JSON compressed on its way',
    status: 415,
    head: () => head('POST', uploads, { ...json(bomb.length), 'content-encoding': 'gzip' }),
    body: times(1, bomb),
  },
  {
    title: 'a header of 64 KiB',
    status: 431,
    head: () => head('GET', '/api/me', { 'x-long': 'x'.repeat(64 * 1024) }),
  },
  {
    title: 'JSON 10,000 deep',
    status: 400,
    head: () => head('POST', uploads, json(20_000)),
    body: times(1, nested(10_000)),
  },
  {
    title: 'JSON of 100,000 keys where a list is asked for',
    status: 400,
    head: () => head('POST', `/api/uploads/${uploadId}/complete`, json(manyKeys.length)),
    body: times(1, manyKeys),
  },
  {
    title: 'two lengths',
    status: 400,
    head: () =>
      head('PUT', own(), { ...DICOM, 'content-length': '5' }).replace(
        '\r\n\r\n',
        '\r\ntransfer-encoding: chunked\r\n\r\n',
      ),
  },
  {
    title: 'a length that is no number',
    status: 400,
    head: () => head('PUT', own(), { ...DICOM, 'content-length': 'many' }),
  },
]

test.each(ATTACKS)('F20: $title → $status', async ({ title, status, head, body }) => {
  forgetPeak(api)
  const before = memoryMib(api)
  const socket = open()
  const started = performance.now()
  const closed = untilClosed(socket)
  const answered = new Promise<number>((resolve) => {
    socket.once('data', (chunk) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1]))
    })
    socket.once('close', () => {
      resolve(0)
    })
  })
  const answer = { isThere: false }
  void answered.then(() => {
    answer.isThere = true
  })
  socket.write(head())
  void (async () => {
    for (let chunk = body?.(); chunk !== undefined && !answer.isThere; chunk = body?.()) {
      if (socket.destroyed) return
      if (!socket.write(chunk)) {
        await Promise.race([new Promise((wake) => socket.once('drain', wake)), closed, answered])
      }
    }
  })()
  const got = await answered
  const ms = performance.now() - started
  const growth = peakMib(api) - before
  process.stdout.write(`${title}: ${got} after ${ms.toFixed(0)} ms, +${growth.toFixed(0)} MiB\n`)
  socket.destroy()
  expect(got).toBe(status)
  expect(growth).toBeLessThan(MAX_GROWTH_MIB)
  const isEndless = head().includes('chunked')
  expect(ms).toBeLessThan(isEndless ? READ_WITHIN_MS : ANSWERED_WITHIN_MS)
  expect(pidOf('http')).toBe(api)
})

test.each([
  ['less than it claims', 1_000, 10],
  ['more than it claims', 10, 1_000],
])('F20: a file that brings %s is no file', async (_title, claimed, sent) => {
  const bytes = randomBytes(sent)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const socket = open()
  const closed = untilClosed(socket)
  socket.write(head('PUT', filePath(sha256), { ...DICOM, 'content-length': String(claimed) }))
  socket.end(bytes)
  await closed
  const { isReceived } = await pandok
    .as('data-manager')
    .getUploadFile({ params: { uploadId, sha256 } })
  expect(isReceived).toBe(false)
})
