/**
 * What other systems send: STOW-RS into an upload that collects, de-identified by the server, inspected,
 * archived; the same file many times; other content under one UID; what a stranger learns.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openVault } from '@pandok/anonymizer'
import { getString, readDicom } from '@pandok/anonymizer/dicom'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makePhantom } from '../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { partOf, StoreAnswer, stow } from '../../../test/support/stow.ts'

const CLOSE = 'intake.close-quiet'
const CHECK = 'deidentification.check'
const LOOK = 'deidentification.look'
const ARCHIVE = 'archive.store'

let api: TestApi
let token: string

beforeAll(async () => {
  api = await startTestApi({
    openLooker: () => ({
      corners: (_path, count) => Promise.resolve(Array.from({ length: count }, () => 'same')),
      look: (_path, frames) =>
        Promise.resolve({
          kind: 'looked',
          frames: frames.map((frame) => ({ frame, boxes: [] })),
        }),
      close: () => Promise.resolve(),
    }),
  })
  token = await api.tokenOf('data-manager')
}, 120_000)
afterAll(() => api.stop())

let round = 0
let params: { projectKey: string }
beforeEach(async () => {
  round += 1
  params = { projectKey: `intake-${round}` }
  await newProject(params.projectKey, 'data-manager')
})

async function newProject(key: string, username: string) {
  const pseudonymFormat = { prefix: 'LC', digits: 7 }
  const body = { key, nameEn: 'Project', nameKo: '과제', pseudonymFormat }
  await api.as('admin').createProject({ params: {}, body })
  await api
    .as('admin')
    .putMember({ params: { projectKey: key, username }, body: { roles: ['data-manager'] } })
}

const data = () => api.as('data-manager')
const address = (study = '', key = params.projectKey) =>
  `${api.url}/dicomweb/projects/${key}/studies${study === '' ? '' : `/${study}`}`
const phantom = (seed: number, slices = 3, patientId = `SECRET-${round}-${seed}`) =>
  makePhantom({ seed: round * 100 + seed, size: 32, slices, patientId }).files.map(
    ({ bytes }) => bytes,
  )
const uidOf = (bytes: Uint8Array, tag = '00080018') => getString(readDicom(bytes).dataSet, tag)

async function send(files: readonly Uint8Array[], url = address()) {
  const answer = await stow(url, token, files.map(partOf))
  return { status: answer.status, ...StoreAnswer.parse(await answer.json()) }
}

async function sql<Row>(statement: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: api.databaseUrl })
  await client.connect()
  try {
    return (await client.query(statement, values)).rows as Row[]
  } finally {
    await client.end()
  }
}

async function uploads() {
  return (await data().listUploads({ params })).items
}

/** The only upload that is open, checked and looked at. */
async function checked() {
  const [open] = (await uploads()).filter(({ status }) => status === 'receiving')
  const own = { uploadId: open?.id ?? '' }
  await api.runJob(CLOSE, own)
  await api.runJob(CHECK, own)
  await api.runJob(LOOK, own)
  return await data().getUpload({ params: own })
}

async function archived() {
  const { id: uploadId } = await checked()
  await data().decideQc({ params: { uploadId }, body: { decision: 'approve' } })
  await api.runJob(ARCHIVE, { uploadId })
  return await data().getUpload({ params: { uploadId } })
}

function blobsIn(area: string): string[] {
  return readdirSync(join(api.blobDirectory, area), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

describe('STOW-RS', { timeout: 60_000 }, () => {
  test('from identified parts to the archive: one upload, de-identified here', async () => {
    const files = phantom(1)
    const first = await send(files.slice(0, 2))
    expect(first).toEqual({
      status: 200,
      stored: files.slice(0, 2).map((bytes) => uidOf(bytes)),
      failed: [],
      unknown: [],
    })
    expect((await send(files.slice(2))).status).toBe(200)
    expect(await uploads()).toMatchObject([
      {
        status: 'receiving',
        source: 'stow',
        isIdentified: true,
        sender: 'data-manager',
        files: { received: 3 },
      },
    ])
    const detail = await archived()
    expect(detail).toMatchObject({
      status: 'archived',
      files: { received: 3, checked: 3, clean: 3, refused: 0, archived: 3 },
      report: { files: 3, leftOut: {} },
    })
    const nameRow = detail.report?.rows.find(({ path }) => path === '00100020')
    expect(nameRow).toMatchObject({ count: 3 })
    // As the sender's own de-identification with the project's key would name it.
    const kit = await data().getDeidentificationKey({ params })
    const vault = openVault(Buffer.from(kit.keyBase64, 'base64'), kit.pseudonymFormat)
    expect(detail.studies).toMatchObject([
      {
        pseudonym: vault.pseudonymFor(`SECRET-${round}-1`),
        studyInstanceUid: vault.deriveUid(uidOf(files[0] ?? new Uint8Array(), '0020000D')),
      },
    ])
    expect(blobsIn('quarantine')).toEqual([])
    const ledger = await api.as('data-manager').listLedger({ params })
    expect(JSON.stringify(ledger.items)).toContain('"inputs":3')
  })

  test('nothing of what was sent stays but hashes', async () => {
    const files = phantom(1)
    await send(files)
    await archived()
    const secrets = files.flatMap((bytes) => [uidOf(bytes), uidOf(bytes, '0020000D')])
    const tables = await sql<{ name: string }>(
      `select table_schema || '.' || table_name as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema in ('public', 'graphile_worker')`,
    )
    const found: string[] = []
    for (const { name } of tables) {
      const rows = await sql<{ row: string }>(`select t::text as row from ${name} t`)
      const text = rows.map(({ row }) => row).join('\n')
      for (const each of [...secrets, `SECRET-${round}-1`])
        if (text.includes(each)) found.push(name)
    }
    for (const area of ['staging', 'archive', 'quarantine']) {
      for (const name of blobsIn(area)) {
        const bytes = readFileSync(join(api.blobDirectory, area, name.slice(0, 2), name))
        for (const each of [...secrets, 'SECRET-']) {
          if (bytes.includes(each)) found.push(`${area} ${name}`)
        }
      }
    }
    expect(found).toEqual([])
    expect(blobsIn('archive').length).toBeGreaterThanOrEqual(3)
  })
})
