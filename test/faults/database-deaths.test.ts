/**
 * F3: the postmaster is killed while files come in, pages are read and a job is at work. Whoever asks
 * meanwhile is told 503; API and worker go on by themselves, and what was acknowledged is there.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EmbeddedPostgres, startPostgres } from 'pandok/postgres'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openBlobs } from '../../api/src/platform/blobs/index.ts'
import { makePhantom } from '../phantom/index.ts'
import { pause } from '../support/holds.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { pidOf, untilHealthy } from '../support/processes.ts'
import { partOf, stow } from '../support/stow.ts'
import { PROJECT, until } from '../support/workflow.ts'

const KILLS = process.env['PANDOK_FAULTS'] === 'long' ? 50 : 5
const RECOVERED_WITHIN_MS = 15_000
const SENDERS = 6
const FILE_BYTES = 20_000
/** Of the upload that is checked meanwhile. */
const SLICES = 20
/** What an answer may never hold: a line of a stack, or the database's own words. */
const TOLD_TOO_MUCH = /\n\s+at |node_modules|\.ts:|SQLSTATE|terminat|ECONN/

let pandok: TestInstallation
let token: string
let uploadId: string

beforeAll(async () => {
  pandok = await startTestInstallation()
  token = await pandok.tokenOf('data-manager')
  uploadId = (await pandok.as('data-manager').createUpload({ params: PROJECT, body: {} })).id
})
afterAll(() => pandok.stop())

/** The embedded server of the installation: found where it runs, started where it does not. */
async function findOrStart(): Promise<EmbeddedPostgres> {
  const secrets = readFileSync(join(pandok.data, 'secrets.json'), 'utf8')
  const { databasePassword } = z.object({ databasePassword: z.string() }).parse(JSON.parse(secrets))
  return await startPostgres({
    directory: join(pandok.data, 'postgres'),
    port: Number(new URL(pandok.databaseUrl).port),
    password: databasePassword,
    database: 'pandok',
  })
}

interface Load {
  isEnding: boolean
  readonly answers: Map<string, number>
  readonly wrong: string[]
  readonly acknowledged: string[]
}

/** Counts the answer; true when it is 2xx. */
async function ask(
  load: Load,
  path: string,
  init: Omit<RequestInit, 'headers'> & { headers?: Record<string, string> } = {},
): Promise<boolean> {
  try {
    const answer = await fetch(`${pandok.url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...init.headers },
    })
    const text = await answer.text()
    load.answers.set(String(answer.status), (load.answers.get(String(answer.status)) ?? 0) + 1)
    const isRight = answer.ok || (answer.status === 503 && answer.headers.has('retry-after'))
    if (!isRight || (!answer.ok && TOLD_TOO_MUCH.test(text))) {
      load.wrong.push(`${path.replaceAll(/[\da-f-]{36,}/g, 'ID')}: ${answer.status} ${text}`)
    }
    return answer.ok
  } catch (error) {
    load.wrong.push(`${path}: ${error instanceof Error ? String(error.cause) : ''}`)
    return false
  }
}

async function sendUntilEnd(load: Load): Promise<void> {
  while (!load.isEnding) {
    const body = randomBytes(FILE_BYTES)
    const sha256 = createHash('sha256').update(body).digest('hex')
    const path = `/api/uploads/${uploadId}/files/${sha256}`
    const headers = { 'content-type': 'application/dicom' }
    while (!(await ask(load, path, { method: 'PUT', body, headers }))) await pause(100)
    load.acknowledged.push(sha256)
  }
}
async function readUntilEnd(load: Load, path: string): Promise<void> {
  while (!load.isEnding) {
    await ask(load, path)
    await pause(20)
  }
}

test('F3: the postmaster killed under load loses nothing that was acknowledged', async () => {
  let server = await findOrStart()
  const [api, worker] = [pidOf('http'), pidOf('worker')]
  const phantom = makePhantom({ seed: 300, size: 32, slices: SLICES })
  const studies = `${pandok.url}/dicomweb/projects/${PROJECT.projectKey}/studies`
  await stow(
    studies,
    token,
    phantom.files.map(({ bytes }) => partOf(bytes)),
  )
  const manager = pandok.as('data-manager')
  const { items } = await manager.listUploads({ params: PROJECT })
  const checked = items.find(({ isIdentified }) => isIdentified)?.id ?? ''
  const load: Load = { isEnding: false, answers: new Map(), wrong: [], acknowledged: [] }
  const clients = [
    ...Array.from({ length: SENDERS }, () => sendUntilEnd(load)),
    readUntilEnd(load, '/api/me'),
    readUntilEnd(load, `/api/uploads/${uploadId}`),
    readUntilEnd(load, `/dicomweb/projects/${PROJECT.projectKey}/studies`),
  ]
  await manager.completeUpload({
    params: { uploadId: checked },
    body: {
      sha256s: phantom.files.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex')),
    },
  })
  let slowestMs = 0
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(200 + Math.random() * 800)
    await server.kill()
    const killedMs = performance.now()
    // Sometimes nobody starts it at once.
    await pause(kill % 2 === 0 ? 0 : Math.random() * 2_000)
    server = await findOrStart()
    await untilHealthy(pandok.url)
    slowestMs = Math.max(slowestMs, performance.now() - killedMs)
    token = await pandok.tokenOf('data-manager')
  }
  load.isEnding = true
  await Promise.all(clients)
  const upload = await until(
    () => manager.getUpload({ params: { uploadId: checked } }),
    ({ status }) => status === 'awaiting-qc' || status === 'failed',
  )

  process.stdout.write(
    readFileSync(join(pandok.data, 'logs/worker.log'), 'utf8').slice(-3000) + '\n',
  )
  const { lost, half, twice } = await compare(load.acknowledged)
  const answers = [...load.answers].map(([status, count]) => `${count} of ${status}`).join(', ')
  process.stdout.write(
    `postmaster kills: ${KILLS}; ${load.acknowledged.length} acknowledged, ${lost} lost, ${half} half-visible, ` +
      `${twice} done twice; answers ${answers}; well again after ${(slowestMs / 1000).toFixed(1)} s at most; ` +
      `the check of ${SLICES} files went on: ${upload.files.clean} clean, ${upload.files.refused} refused\n`,
  )
  expect(load.wrong).toEqual([])
  expect(load.answers.get('503')).toBeGreaterThan(0)
  expect([lost, half, twice]).toEqual([0, 0, 0])
  expect(slowestMs).toBeLessThan(RECOVERED_WITHIN_MS)
  expect(upload).toMatchObject({ status: 'awaiting-qc', files: { clean: SLICES, refused: 0 } })
  expect(upload.report?.files).toBe(SLICES)
  expect([pidOf('http'), pidOf('worker')]).toEqual([api, worker])
}, 900_000)

/** What clients were told against rows, entries and bytes. */
async function compare(acknowledged: readonly string[]) {
  const db = new pg.Client({ connectionString: pandok.databaseUrl })
  await db.connect()
  const { rows } = await db.query<{ sha256: string }>(
    'select sha256 from upload_file where upload_id = $1',
    [uploadId],
  )
  const { rows: entries } = await db.query(
    `select from audit_event where object_id = $1 and action = 'putUploadFile'`,
    [uploadId],
  )
  const { rows: all } = await db.query<{ sha256: string }>('select sha256 from upload_file')
  await db.end()
  const blobs = openBlobs({
    location: { kind: 'file', directory: join(pandok.data, 'blobs') },
    localCopiesDirectory: join(pandok.data, 'none'),
    installationKey: Buffer.from(
      readFileSync(join(pandok.data, 'installation.key'), 'utf8'),
      'base64',
    ),
    formerInstallationKeys: [],
    minFreeBytes: 0,
    clock: () => new Date(),
  })
  const named = new Set(rows.map(({ sha256 }) => sha256))
  let lost = 0
  for (const sha256 of acknowledged) {
    const bytes = await blobs.read('quarantine', sha256).catch(() => undefined)
    const isThere =
      bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === sha256
    if (!named.has(sha256) || !isThere) lost += 1
  }
  const known = new Set(all.map(({ sha256 }) => sha256))
  let orphans = 0
  for await (const names of blobs.list('quarantine')) {
    orphans += names.filter((name) => !known.has(name)).length
  }
  // Each sender went on until it was told, so every row was told of.
  const half = orphans + (named.size - new Set(acknowledged).size)
  return { lost, half, twice: entries.length - named.size }
}
