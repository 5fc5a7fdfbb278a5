/**
 * F1 and F6: the API is killed while it receives, and uploads are torn at any byte. What was
 * acknowledged is there, nothing is half there, and going on gives the very file.
 */
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { createClient, MIN_PART_BYTES } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '../support/free-port.ts'
import { holdBlobs, holdLocks, pause, untilTrue } from '../support/holds.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { type ApiProcess, peakMib, pidOf, startApiProcess } from '../support/processes.ts'
import { PROJECT } from '../support/workflow.ts'

const isLong = process.env['PANDOK_FAULTS'] === 'long'
const KILLS_PER_STAGE = isLong ? 50 : 2
const CUTS = 100
/** What the API process may hold, whatever is sent. */
const MAX_MIB = 300

let pandok: TestInstallation
let token: string
let uploadId: string
let db: pg.Client

beforeAll(async () => {
  pandok = await startTestInstallation()
  token = await pandok.tokenOf('data-manager')
  uploadId = (await pandok.as('data-manager').createUpload({ params: PROJECT, body: {} })).id
  db = new pg.Client({ connectionString: pandok.databaseUrl })
  await db.connect()
})
afterAll(async () => {
  await db.end()
  await pandok.stop()
})

const fileOf = (bytes: Buffer<ArrayBuffer>) => ({
  bytes,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

/** Sends the head and `sent` of the body; gives the socket. */
async function begin(
  url: string,
  request: { method: string; path: string; type: string },
  body: Buffer,
  sent: number,
) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await new Promise((ready) => socket.once('connect', ready))
  const head = [
    `${request.method} ${request.path} HTTP/1.1`,
    'host: pandok',
    `authorization: Bearer ${token}`,
    `content-type: ${request.type}`,
    `content-length: ${body.length}`,
    '\r\n',
  ].join('\r\n')
  await new Promise((done) => {
    socket.write(head)
    socket.write(body.subarray(0, sent), done)
  })
  return socket
}
const rowsOf = async (sha256: string): Promise<number> => {
  const { rowCount } = await db.query('select from upload_file where sha256 = $1', [sha256])
  return rowCount ?? 0
}

test('F6: an upload torn at a hundred random offsets goes on and is the very file', async () => {
  const client = pandok.as('data-manager')
  const partBytes = 2 * MIN_PART_BYTES
  const { bytes, sha256 } = fileOf(randomBytes(20 * partBytes + 999))
  const params = { uploadId, sha256 }
  let [cuts, kept, wrongOffsets] = [0, 0, 0]
  for (;;) {
    const { isReceived, offset } = await client.getUploadFile({ params })
    if (isReceived) break
    if (offset % partBytes !== 0) wrongOffsets += 1
    const part = bytes.subarray(offset, Math.min(offset + partBytes, bytes.length))
    const query = { offset, length: bytes.length }
    if (cuts < CUTS && cuts < (offset / partBytes + 1) * 5) {
      cuts += 1
      // Now and then all of it arrives, and only the answer is lost.
      const sent = cuts % 7 === 0 ? part.length : Math.floor(Math.random() * part.length)
      const path = `/api/uploads/${uploadId}/files/${sha256}?offset=${offset}&length=${bytes.length}`
      const type = 'application/offset+octet-stream'
      const socket = await begin(pandok.url, { method: 'PATCH', path, type }, part, sent)
      if (sent === part.length) await pause(50)
      socket.destroy()
      const after = await client.getUploadFile({ params })
      if (after.offset !== offset) kept += 1
      continue
    }
    await client.patchUploadFile({ params, query, body: new Blob([part]) }).catch(() => undefined)
  }
  process.stdout.write(
    `torn uploads: ${cuts} cuts, ${kept} of them after the part was durable, ${wrongOffsets} offsets within a part, hash right\n`,
  )
  expect(cuts).toBeGreaterThanOrEqual(CUTS)
  expect(wrongOffsets).toBe(0)
  expect(await rowsOf(sha256)).toBe(1)
})

const STAGES = [
  'first byte',
  'middle of the body',
  'durable, not committed',
  'committed, not answered',
] as const

test('F1: an API killed while it receives loses nothing acknowledged and leaves nothing half', async () => {
  const port = await freePorts(1)
  let api: ApiProcess = await startApiProcess(port)
  const acknowledged: string[] = []
  let [kills, halfVisible] = [0, 0]
  for (let round = 0; round < KILLS_PER_STAGE; round++) {
    token = await pandok.tokenOf('data-manager')
    for (const stage of STAGES) {
      const { bytes, sha256 } = fileOf(randomBytes(300_000))
      const path = `/api/uploads/${uploadId}/files/${sha256}`
      const request = { method: 'PUT', path, type: 'application/dicom' }
      const holder = new pg.Client({ connectionString: pandok.databaseUrl })
      await holder.connect()
      if (stage === 'durable, not committed') {
        await holder.query('begin')
        await holder.query('select from upload where id = $1 for update', [uploadId])
      }
      const sent =
        { 'first byte': 1, 'middle of the body': 150_000 }[stage as string] ?? bytes.length
      const socket = await begin(api.url, request, bytes, sent)
      if (stage === 'committed, not answered') {
        for (let tries = 0; tries < 500 && (await rowsOf(sha256)) === 0; tries++) await pause(5)
      } else await pause(stage === 'durable, not committed' ? 500 : 50)
      await api.kill()
      socket.destroy()
      await holder.end()
      kills += 1
      api = await startApiProcess(port)
      const client = createClient({ baseUrl: api.url, getToken: () => Promise.resolve(token) })
      const params = { uploadId, sha256 }
      const known = await client.getUploadFile({ params })
      if (stage !== 'committed, not answered' && known.isReceived) halfVisible += 1
      await client.putUploadFile({ params, body: new Blob([bytes]) })
      acknowledged.push(sha256)
      expect(await rowsOf(sha256)).toBe(1)
    }
  }
  const client = createClient({ baseUrl: api.url, getToken: () => Promise.resolve(token) })
  const { items } = await client.findUploadFiles({
    params: { uploadId },
    body: { sha256s: acknowledged },
  })
  const lost = acknowledged.length - items.filter(({ isReceived }) => isReceived).length
  await api.kill()
  process.stdout.write(
    `API kills while receiving: ${kills}; ${acknowledged.length} acknowledged, ${lost} lost, ${halfVisible} half-visible\n`,
  )
  expect(lost).toBe(0)
  expect(halfVisible).toBe(0)
}, 1_800_000)

const PART_STAGES = [...STAGES, 'all parts there, not joined'] as const

test('F1: an API killed while it takes parts: who goes on sends no acknowledged part again', async () => {
  const port = await freePorts(1)
  let api: ApiProcess = await startApiProcess(port)
  let [kills, acknowledged, lost, half] = [0, 0, 0, 0]
  const partBytes = 4 * MIN_PART_BYTES
  for (let round = 0; round < (isLong ? 50 : 1); round++) {
    token = await pandok.tokenOf('data-manager')
    const { bytes, sha256 } = fileOf(randomBytes(PART_STAGES.length * partBytes))
    const params = { uploadId, sha256 }
    const offsetInTable = async () => {
      const { rows } = await db.query<{ at: string }>(
        'select offset_bytes as at from upload_unfinished where upload_id = $1 and sha256 = $2',
        [uploadId, sha256],
      )
      return Number(rows[0]?.at ?? 0)
    }
    for (const [at, stage] of PART_STAGES.entries()) {
      const offset = at * partBytes
      const part = bytes.subarray(offset, offset + partBytes)
      const path = `/api/uploads/${uploadId}/files/${sha256}?offset=${offset}&length=${bytes.length}`
      const request = { method: 'PATCH', path, type: 'application/offset+octet-stream' }
      const hold =
        stage === 'durable, not committed'
          ? await holdLocks(
              pandok.databaseUrl,
              'select from upload_unfinished where upload_id = $1 and sha256 = $2 for update',
              [uploadId, sha256],
            )
          : stage === 'all parts there, not joined'
            ? await holdBlobs(pandok.databaseUrl, [sha256])
            : undefined
      const sent = { 'first byte': 1, 'middle of the body': partBytes / 2 }[stage as string]
      const socket = await begin(api.url, request, part, sent ?? part.length)
      if (hold !== undefined) await hold.reached
      else if (stage === 'committed, not answered') {
        await untilTrue(async () => (await offsetInTable()) > offset, 'the part is committed')
      } else await pause(50)
      await api.kill()
      socket.destroy()
      await hold?.release()
      kills += 1
      api = await startApiProcess(port)
      const client = createClient({ baseUrl: api.url, getToken: () => Promise.resolve(token) })
      const known = await client.getUploadFile({ params })
      if (known.offset < offset) lost += 1
      if (known.offset % partBytes !== 0) half += 1
      if (known.isReceived) half += 1
      // From where the server is; an empty last part joins what is there.
      const rest = bytes.subarray(known.offset, offset + partBytes)
      const query = { offset: known.offset, length: bytes.length }
      if (rest.length > 0 || known.offset === bytes.length) {
        await client.patchUploadFile({ params, query, body: new Blob([rest]) })
      }
      acknowledged += 1
    }
    const client = createClient({ baseUrl: api.url, getToken: () => Promise.resolve(token) })
    expect(await client.getUploadFile({ params })).toMatchObject({ isReceived: true })
    expect(await rowsOf(sha256)).toBe(1)
    const { rowCount } = await db.query('select from upload_part where sha256 = $1', [sha256])
    expect(rowCount).toBe(0)
  }
  await api.kill()
  process.stdout.write(
    `API kills while taking parts: ${kills}; ${acknowledged} parts acknowledged, ${lost} lost, ${half} half-visible\n`,
  )
  expect([lost, half]).toEqual([0, 0])
}, 1_800_000)

test('memory stays flat while files come in over many lanes', async () => {
  const client = pandok.as('data-manager')
  const files = isLong ? 30_000 : 600
  const idle = peakMib(pidOf('http'))
  const body = randomBytes(200_000)
  let next = 0
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (let at = next++; at < files; at = next++) {
        const own = Buffer.from(body)
        own.writeUInt32LE(at, 0)
        const { bytes, sha256 } = fileOf(own)
        await client.putUploadFile({ params: { uploadId, sha256 }, body: new Blob([bytes]) })
      }
    }),
  )
  const afterSmall = peakMib(pidOf('http'))
  const large = fileOf(randomBytes(100_000_000))
  for (let offset = 0; offset < large.bytes.length; offset += 16_000_000) {
    await client.patchUploadFile({
      params: { uploadId, sha256: large.sha256 },
      query: { offset, length: large.bytes.length },
      body: new Blob([large.bytes.subarray(offset, offset + 16_000_000)]),
    })
  }
  const peak = peakMib(pidOf('http'))
  process.stdout.write(
    `receiving ${files} files: the API held ${afterSmall.toFixed(0)} MiB at most (${idle.toFixed(0)} before), ` +
      `with one of 100 MB in parts ${peak.toFixed(0)} MiB\n`,
  )
  expect(peak).toBeLessThan(MAX_MIB)
}, 180_000)
