/**
 * Identifiers in a running installation: studies are de-identified as the browser does and uploaded,
 * and their originals are sent as they are. None may be found in anything that the installation keeps:
 * blobs, logs and other files, and every row of both databases; nor in a release that it hands out.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { encodeRuns } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import yauzl from 'yauzl'
import { makePhantom } from '../phantom/index.ts'
import {
  inflated,
  instance,
  KINDS,
  koreanInstance,
  planted,
  STEMS,
  SUBJECT,
  spellings,
  withCanaries,
} from '../privacy/planted.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import {
  acceptNextCase,
  approveUpload,
  downloadNewRelease,
  OUTCOME,
  PROJECT,
  sendFile,
  until,
} from '../support/workflow.ts'

let pandok: TestInstallation

beforeAll(async () => {
  pandok = await startTestInstallation()
}, 180_000)

afterAll(async () => {
  await pandok.stop()
}, 60_000)

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
  return withInflated([
    ...filesIn(pandok.data),
    ...(await rowsOf('database', pandok.databaseUrl)),
    ...(await rowsOf('vault', pandok.vaultUrl)),
  ])
}

function withInflated(places: readonly Place[]): Place[] {
  const small = places.filter(({ bytes }) => bytes.length < 1 << 20)
  const more = small.flatMap(({ path, bytes }) =>
    inflated(bytes).map((each) => ({ path: `${path}, inflated`, bytes: each })),
  )
  return [...places, ...more]
}

/** The entries of a zip as they were before it. */
async function entriesOf(name: string, zip: Buffer): Promise<Place[]> {
  const places: Place[] = [{ path: name, bytes: zip }]
  const opened = await yauzl.fromBufferPromise(zip)
  for await (const entry of opened.eachEntry()) {
    const chunks: Buffer[] = []
    for await (const chunk of await opened.openReadStreamPromise(entry)) {
      chunks.push(chunk as Buffer)
    }
    const path = `${name}: ${entry.fileName}`
    places.push({ path, bytes: Buffer.concat(chunks) })
    places.push({ path: `the name of ${path}`, bytes: Buffer.from(entry.fileName) })
  }
  return places
}

/** Where any of the planted texts is, or what names the subject. */
function foundIn(places: readonly Place[]): string[] {
  const subject = [...SUBJECT.parts, SUBJECT.mail, '7734-1902', '17-1234567']
  const canaries = [...planted.keys()]
  return places
    .filter(
      ({ bytes }) =>
        holdsAny(bytes, subject) ||
        (STEMS.some((stem) => bytes.includes(stem)) && holdsAny(bytes, canaries)),
    )
    .map(({ path }) => path)
}

function holdsAny(bytes: Buffer, texts: readonly string[]): boolean {
  return texts.some((text) => spellings(text).some((each) => bytes.includes(each)))
}

async function openProject() {
  const key = await pandok.as('data-manager').getDeidentificationKey({ params: PROJECT })
  const vault = openVault(Buffer.from(key.keyBase64, 'base64'), key.pseudonymFormat)
  return { vault, profile: loadProfile(key.profile) }
}

/** Checked: what is clean waits for a person, the rest is gone. */
async function upload(files: readonly Uint8Array[]) {
  const manager = pandok.as('data-manager')
  const { id: uploadId } = await manager.createUpload({ params: PROJECT, body: {} })
  const sha256s: string[] = []
  for (const bytes of files) sha256s.push(await sendFile(pandok, uploadId, bytes))
  const params = { uploadId }
  await manager.completeUpload({ params, body: { sha256s } })
  const checked = await until(
    () => manager.getUpload({ params }),
    (each) => each.status !== 'checking',
  )
  return { uploadId, sha256s, checked }
}

test('a release of a study that was full of identifiers holds none', async () => {
  const phantom = makePhantom({ seed: 5, size: 64, slices: 12 })
  const originals = withCanaries(
    phantom.files.map(({ bytes }) => bytes),
    'phantom',
  )
  expect(
    foundIn(originals.map((bytes) => ({ path: 'original', bytes: Buffer.from(bytes) }))),
  ).toEqual(originals.map(() => 'original'))
  const settings = await openProject()
  const results = originals.map((bytes) => deidentify(bytes, settings))
  const { uploadId } = await upload(results.map(({ chunks }) => joinChunks(chunks)))
  const archived = await approveUpload(pandok, uploadId)
  expect(archived).toMatchObject({ status: 'archived', files: { archived: originals.length } })
  await acceptNextCase(pandok, encodeRuns(phantom.truth.mask))
  await pandok.as('data-manager').putOutcome({
    params: { caseId: archived.caseIds[0] ?? '' },
    body: { baseRevision: 0, values: OUTCOME },
  })
  const places = await entriesOf('release', await downloadNewRelease(pandok))
  const searched = withInflated(places)
  process.stdout.write(
    `canaries: ${planted.size} in the originals of a release; found in ` +
      `${foundIn(searched).length} of ${searched.length} entries, names and streams\n`,
  )
  expect(foundIn(searched)).toEqual([])
  // The search does find what a release is meant to hold.
  const [first] = results
  for (const known of [first?.pseudonym, first?.sopInstanceUid]) {
    const holding = places.filter(({ bytes }) => holdsAny(bytes, [known ?? 'nothing']))
    expect(holding.map(({ path }) => path).join(' ')).toMatch(/\.dcm/)
  }
}, 180_000)

test('none of the identifiers is kept, of clean files or of refused originals', async () => {
  const settings = await openProject()
  const originals = [
    ...Object.keys(KINDS)
      .filter((kind) => kind !== 'PDF')
      .map((kind, at) => instance(kind, 10 + at)),
    koreanInstance(),
  ]
  const pdf = instance('PDF', 60)
  expect(() => deidentify(pdf, settings)).toThrow('DEID_SOP_CLASS')
  const results = originals.map((bytes) => deidentify(bytes, settings, { regions: [] }))
  const clean = results.map(({ chunks }) => joinChunks(chunks))
  const dirty = [...originals, pdf]
  const { uploadId, sha256s, checked } = await upload([...clean, ...dirty])
  expect(checked.files).toMatchObject({ clean: clean.length, refused: dirty.length })
  expect(checked.refusals.map(({ sha256 }) => sha256).sort()).toEqual(
    sha256s.slice(clean.length).sort(),
  )
  const findings = checked.studies.flatMap(({ series }) =>
    series.map((each) => each.pixels.findings),
  )
  expect(findings.filter(({ files }) => files > 0)).toEqual([])
  expect(await approveUpload(pandok, uploadId)).toMatchObject({ status: 'archived' })
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
  const places = await everything()
  const found = foundIn(places)
  const megabytes = places.reduce((sum, { bytes }) => sum + bytes.length, 0) / 2 ** 20
  process.stdout.write(
    `canaries: ${planted.size} in ${dirty.length} originals and their clean files; found in ` +
      `${found.length} of ${places.length} files, tables and streams, ${megabytes.toFixed(0)} MiB\n`,
  )
  expect(found).toEqual([])
  expect(planted.size).toBeGreaterThanOrEqual(300)
  // The search does find what is meant to be kept: in a table, and in a blob of the archive.
  const [first] = results
  for (const known of [first?.pseudonym, first?.sopInstanceUid]) {
    const holding = places.filter(({ bytes }) => holdsAny(bytes, [known ?? 'nothing']))
    const isOf = (part: string) => holding.some(({ path }) => path.includes(part))
    expect([isOf('database public.'), isOf('/archive/')], known).toEqual([true, true])
  }
  // No byte of what was refused is kept, by its name or as a whole.
  for (const sha256 of sha256s.slice(clean.length)) {
    expect(places.filter(({ path }) => path.includes(sha256)).map(({ path }) => path)).toEqual([])
  }
}, 180_000)
