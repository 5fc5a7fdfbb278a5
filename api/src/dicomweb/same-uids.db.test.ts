/**
 * One study that came clean to two projects (RELIABILITY F10): neither learns of the other, each keeps
 * what it got, and everybody is led to one of theirs, always the same.
 */
import { createHash } from 'node:crypto'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePhantom } from '../../../test/phantom/index.ts'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'

const CHECK = 'deidentification.check'
const LOOK = 'deidentification.look'
const STORE = 'archive.store'
const [FIRST, SECOND] = ['first', 'second']
const PEOPLE = { one: [FIRST], other: [SECOND], both: [SECOND, FIRST] } as const

let api: TestApi
/** The same UIDs, other pixels. */
let files: Record<string, Buffer<ArrayBuffer>>
let path: string

beforeAll(async () => {
  api = await startTestApi({ openLooker: () => looker })
  for (const key of [FIRST, SECOND]) {
    await api.as('admin').createProject({
      params: {},
      body: { key, nameEn: key, nameKo: key, pseudonymFormat: { prefix: 'LC', digits: 5 } },
    })
  }
  for (const [username, projects] of Object.entries(PEOPLE)) {
    for (const projectKey of projects) {
      await api
        .as('admin')
        .putMember({ params: { projectKey, username }, body: { roles: ['data-manager'] } })
    }
  }
  const given = await api.as('one').getDeidentificationKey({ params: { projectKey: FIRST } })
  const vault = openVault(Buffer.from(given.keyBase64, 'base64'), given.pseudonymFormat)
  const clean = (seed: number) => {
    const [file] = makePhantom({ seed, size: 16, slices: 1 }).files
    const settings = { profile: loadProfile(given.profile), vault }
    return Buffer.from(joinChunks(deidentify(file?.bytes ?? new Uint8Array(), settings).chunks))
  }
  const bytes = clean(1)
  const changed = Buffer.from(bytes)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  files = { [FIRST]: bytes, [SECOND]: changed, unknown: clean(2) }
}, 120_000)
afterAll(() => api.stop())

const looker = {
  corners: (_path: string, count: number) =>
    Promise.resolve(Array.from({ length: count }, () => 'same' as const)),
  look: (_path: string, frames: readonly number[]) =>
    Promise.resolve({
      kind: 'looked' as const,
      frames: frames.map((frame) => ({ frame, boxes: [] })),
    }),
  close: () => Promise.resolve(),
}

/** What its data manager sees of an upload of the file, without what is the file's own. */
async function uploaded(projectKey: string, username: string, bytes: Buffer<ArrayBuffer>) {
  const client = api.as(username)
  const upload = await client.createUpload({ params: { projectKey }, body: {} })
  const params = { uploadId: upload.id }
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const known = await client.getUploadFile({ params: { ...params, sha256 } })
  expect(known).toMatchObject({ isReceived: false, offset: 0 })
  await client.putUploadFile({ params: { ...params, sha256 }, body: new Blob([bytes]) })
  await client.completeUpload({ params, body: { sha256s: [sha256] } })
  const begun = performance.now()
  await api.runJob(CHECK, params)
  const ms = performance.now() - begun
  await api.runJob(LOOK, params)
  const { status, files: counts, refusals, conflicts } = await client.getUpload({ params })
  return { params, client, ms, seen: { status, counts, refusals, conflicts } }
}

const approved = async ({ params, client }: Awaited<ReturnType<typeof uploaded>>) => {
  await client.decideQc({ params, body: { decision: 'approve' } })
  await api.runJob(STORE, params)
  const detail = await client.getUpload({ params })
  expect(detail).toMatchObject({ status: 'archived', files: { archived: 1 } })
  return detail
}

const get = async (username: string, address: string, accept = 'application/dicom+json') =>
  await fetch(`${api.url}/dicomweb${address}`, {
    headers: { authorization: `Bearer ${await api.tokenOf(username)}`, accept },
  })
const bytesOf = async (username: string, project = '') => {
  const answer = await get(username, `${project}${path}`, 'application/dicom')
  return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()) : answer.status
}
const found = async (username: string, address: string) => {
  const rows = (await (await get(username, address)).json()) as Record<
    string,
    { Value: string[] }
  >[]
  return rows.map((row) => row['0020000D']?.Value[0])
}

test('a study that another project has goes the way of any other', async () => {
  await approved(await uploaded(FIRST, 'one', files[FIRST] ?? Buffer.alloc(0)))
  const unknown = await uploaded(SECOND, 'other', files['unknown'] ?? Buffer.alloc(0))
  const known = await uploaded(SECOND, 'other', files[SECOND] ?? Buffer.alloc(0))
  process.stdout.write(
    `F10: check of a file whose UIDs another project has ${known.ms.toFixed(0)} ms, of others ` +
      `${unknown.ms.toFixed(0)} ms\n`,
  )
  expect(known.seen).toEqual(unknown.seen)
  expect(known.seen).toMatchObject({ status: 'awaiting-qc', refusals: [], counts: { clean: 1 } })
  // Byte for byte the same file is no other case.
  const again = await uploaded(SECOND, 'other', files[FIRST] ?? Buffer.alloc(0))
  expect(again.seen).toEqual(unknown.seen)
  await again.client.decideQc({ params: again.params, body: { decision: 'reject' } })
  const detail = await approved(known)
  const study = detail.studies[0]?.studyInstanceUid ?? ''
  const [instance] = (await (await get('both', `/studies/${study}/instances`)).json()) as Record<
    string,
    { Value: string[] }
  >[]
  path = `/studies/${study}/series/${instance?.['0020000E']?.Value[0]}/instances/${instance?.['00080018']?.Value[0]}`
})

// The second project is asked first, so that nothing remembered of it answers for the first.
test.each([
  ['other', `/projects/${SECOND}`, SECOND],
  ['both', `/projects/${SECOND}`, SECOND],
  ['other', '', SECOND],
  ['both', '', FIRST],
  ['one', '', FIRST],
  ['both', `/projects/${FIRST}`, FIRST],
  ['both', '', FIRST],
  ['other', '', SECOND],
  ['one', `/projects/${SECOND}`, undefined],
])('%s at /dicomweb%s gets the file of %s', async (username, project, of) => {
  for (let turn = 0; turn < 3; turn++) {
    expect(await bytesOf(username, project)).toEqual(of === undefined ? 404 : files[of])
  }
})

test('searches give one study of a UID, and metadata lead back to the same', async () => {
  const [, , study = ''] = path.split('/')
  const query = `/studies?StudyInstanceUID=${study}`
  for (const level of ['studies', 'series', 'instances']) {
    const all = `/${level}?StudyInstanceUID=${study}`
    for (const username of ['one', 'other', 'both']) {
      expect([level, username, await found(username, all)]).toEqual([level, username, [study]])
    }
  }
  expect(await found('both', `/projects/${SECOND}${query}`)).toEqual([study])
  expect(await found('one', `/projects/${FIRST}${query}`)).toEqual([study])
  for (const [project, expected] of [
    ['', ''],
    [`/projects/${SECOND}`, `/projects/${SECOND}`],
  ] as const) {
    const text = await (await get('both', `${project}${path}/metadata`)).text()
    expect(text).toContain(`"BulkDataURI": "/dicomweb${expected}/studies/`)
  }
})
