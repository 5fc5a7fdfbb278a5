/**
 * Identifiers in a running installation: studies are de-identified as the browser does and uploaded,
 * and their originals are sent as they are. None may be found in anything that the installation keeps:
 * blobs, logs and other files, and every row of both databases.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { framesToSee } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  inflated,
  instance,
  KINDS,
  koreanInstance,
  planted,
  STEMS,
  SUBJECT,
  spellings,
} from '../privacy/planted.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'

const PROJECT = { projectKey: 'lung-prognosis' }
let pandok: TestInstallation

beforeAll(async () => {
  pandok = await startTestInstallation()
}, 180_000)

afterAll(async () => {
  await pandok.stop()
}, 60_000)

async function until<T>(read: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const value = await read()
    if (isThere(value)) return value
    await new Promise((wake) => setTimeout(wake, 100))
  }
  throw new Error('it did not happen within 60 s')
}

async function send(uploadId: string, bytes: Uint8Array): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const body = new Blob([new Uint8Array(bytes)])
  await pandok.as('data-manager').putUploadFile({ params: { uploadId, sha256 }, body })
  return sha256
}

/** Every row of every table, as text. */
async function rowsOf(name: string, connectionString: string): Promise<Place[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows: tables } = await client.query<{ schema: string; table: string }>(
    `select table_schema as schema, table_name as table from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  )
  const places: Place[] = []
  for (const { schema, table } of tables) {
    const { rows } = await client.query<{ row: string }>(
      `select t::text as row from "${schema}"."${table}" t`,
    )
    const text = rows.map(({ row }) => row).join('\n')
    // Columns of bytes come as hexadecimal digits.
    const bytes = [...text.matchAll(/\\x([0-9a-f]+)/g)].map(([, hex = '']) =>
      Buffer.from(hex, 'hex'),
    )
    places.push({ path: `${name} ${schema}.${table}`, bytes: Buffer.from(text) })
    places.push({ path: `${name} ${schema}.${table}, bytes`, bytes: Buffer.concat(bytes) })
  }
  await client.end()
  return places
}

interface Place {
  readonly path: string
  readonly bytes: Buffer
}

function filesIn(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = join(entry.parentPath, entry.name)
      const relative = path.slice(folder.length)
      return [
        { path: relative, bytes: readFileSync(path) },
        { path: `the name of ${relative}`, bytes: Buffer.from(relative) },
      ]
    })
}

async function everything(): Promise<Place[]> {
  const places = [
    ...filesIn(pandok.data),
    ...(await rowsOf('database', pandok.databaseUrl)),
    ...(await rowsOf('vault', pandok.vaultUrl)),
  ]
  return [
    ...places,
    ...places
      .filter(({ bytes }) => bytes.length < 1 << 20)
      .flatMap(({ path, bytes }) =>
        inflated(bytes).map((each) => ({ path: `${path}, inflated`, bytes: each })),
      ),
  ]
}

function holdsAny(bytes: Buffer, texts: readonly string[]): boolean {
  return texts.some((text) => spellings(text).some((each) => bytes.includes(each)))
}

test('none of the identifiers is kept, of clean files or of refused originals', async () => {
  const manager = pandok.as('data-manager')
  const key = await manager.getDeidentificationKey({ params: PROJECT })
  const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
  const profile = loadProfile(key.profile)
  const originals = [
    ...Object.keys(KINDS)
      .filter((kind) => kind !== 'PDF')
      .map((kind, at) => instance(kind, 10 + at)),
    koreanInstance(),
  ]
  const { id: uploadId } = await manager.createUpload({ params: PROJECT, body: {} })
  const params = { uploadId }
  const clean: string[] = []
  const dirty: string[] = []
  for (const original of originals) {
    const { chunks } = deidentify(original, { profile, vault }, { regions: [] })
    clean.push(await send(uploadId, joinChunks(chunks)))
    dirty.push(await send(uploadId, original))
  }
  await manager.completeUpload({ params, body: { sha256s: [...clean, ...dirty] } })
  const checked = await until(
    () => manager.getUpload({ params }),
    (each) => each.status !== 'checking',
  )
  expect(checked.files).toMatchObject({ clean: clean.length, refused: dirty.length })
  expect(checked.refusals.map(({ sha256 }) => sha256).sort()).toEqual([...dirty].sort())
  const series = checked.studies.flatMap((study) => study.series)
  expect(series.filter(({ pixels }) => pixels.findings.files > 0)).toEqual([])
  for (const { seriesInstanceUid, pixels } of series) {
    if (!pixels.mustBeSeen) continue
    const ofSeries = { params: { ...params, series: seriesInstanceUid } }
    const { items } = await manager.listUploadImages(ofSeries)
    await manager.recordSeriesSeen({ ...ofSeries, body: { seen: framesToSee(items, []) } })
  }
  await manager.decideQc({ params, body: { decision: 'approve' } })
  await until(
    () => manager.getUpload({ params }),
    (each) => each.status === 'archived',
  )
  const places = await everything()
  const subject = [...SUBJECT.parts, SUBJECT.mail, '7734-1902', '17-1234567']
  const texts = [...planted.keys(), ...subject]
  // The stems lead to every canary, wherever it stands in base64.
  for (const text of planted.keys()) {
    const encoded = ['', '-', '--'].map((before) => Buffer.from(before + text).toString('base64'))
    for (const each of [text, Buffer.from(text).toString('hex'), ...encoded]) {
      expect(
        STEMS.some((stem) => each.includes(stem.toString())),
        each,
      ).toBe(true)
    }
  }
  const found = places.filter(({ bytes }) => holdsAny(bytes, subject)).map(({ path }) => path)
  for (const { path, bytes } of places) {
    if (STEMS.some((stem) => bytes.includes(stem)) && holdsAny(bytes, [...planted.keys()])) {
      found.push(path)
    }
  }
  // What is searched does hold what was uploaded.
  const isArchived = places.some(({ bytes }) => bytes.includes('DICM'))
  const megabytes = places.reduce((sum, { bytes }) => sum + bytes.length, 0) / 2 ** 20
  process.stdout.write(
    `canaries: ${texts.length} in ${originals.length} originals and their clean files; found in ` +
      `${found.length} of ${places.length} files, tables and streams, ${megabytes.toFixed(0)} MiB\n`,
  )
  expect(found).toEqual([])
  expect(isArchived).toBe(true)
  expect(planted.size).toBeGreaterThanOrEqual(300)
}, 180_000)
