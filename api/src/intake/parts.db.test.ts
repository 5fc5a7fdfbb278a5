/** Files that come in parts, through the public API, on a real database and real files. */
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { type Client, MAX_PART_BYTES, MIN_PART_BYTES, PandokError } from '@pandok/contract'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'

const REMOVE_UNFINISHED = 'intake.remove-unfinished'
const PART = MIN_PART_BYTES

let api: TestApi
let sender: Client
let uploadId: string
let round = 0

beforeAll(async () => {
  api = await startTestApi()
}, 120_000)
afterAll(() => api.stop())
beforeEach(async () => {
  round += 1
  const projectKey = `parts-${round}`
  const params = { projectKey }
  await api.as('admin').createProject({
    params: {},
    body: {
      key: projectKey,
      nameEn: 'Project',
      nameKo: '과제',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  await api
    .as('admin')
    .putMember({ params: { ...params, username: 'kim' }, body: { roles: ['data-manager'] } })
  sender = api.as('kim')
  uploadId = (await sender.createUpload({ params, body: {} })).id
})

afterEach(async () => {
  await codeOf(sender.discardUpload({ params: { uploadId } }))
  await api.runJob(REMOVE_UNFINISHED, { uploadId })
  expect(await blobsIn('incoming')).toEqual([])
})

interface TestFile {
  readonly bytes: Buffer<ArrayBuffer>
  readonly sha256: string
}
const fileOf = (length: number): TestFile => {
  const bytes = randomBytes(length)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}
const send = (file: TestFile, offset: number, end: number, length = file.bytes.length) =>
  sender.patchUploadFile({
    params: { uploadId, sha256: file.sha256 },
    query: { offset, length },
    body: new Blob([file.bytes.subarray(offset, end)]),
  })
const state = (sha256: string) => sender.getUploadFile({ params: { uploadId, sha256 } })
const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await work.then(
    () => undefined,
    (fault: unknown) => fault,
  )
  return error instanceof PandokError ? error.code : undefined
}
const blobsIn = async (area: string): Promise<string[]> => {
  const entries = await readdir(`${api.blobDirectory}/${area}`, {
    recursive: true,
    withFileTypes: true,
  }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

test('parts in order become the file, and nothing is left of them', async () => {
  const file = fileOf(3 * PART + 17)
  const { sha256 } = file
  expect(await state(sha256)).toEqual({ sha256, isReceived: false, offset: 0, length: null })
  const { length } = file.bytes
  expect(await send(file, 0, PART)).toEqual({ sha256, isReceived: false, offset: PART, length })
  expect(await state(sha256)).toEqual({ sha256, isReceived: false, offset: PART, length })
  await send(file, PART, 3 * PART)
  const whole = { sha256, isReceived: true, offset: length, length }
  expect(await send(file, 3 * PART, length)).toEqual(whole)
  expect(await state(sha256)).toEqual(whole)
  // Once more changes nothing.
  expect(await send(file, 3 * PART, length)).toEqual(whole)
  expect(await blobsIn('incoming')).toEqual([])
  expect(await blobsIn('quarantine')).toContain(sha256)
})

test.each([
  ['further on', PART * 2, PART * 3, 'UPLOAD_OFFSET_WRONG'],
  ['from the beginning again', 0, PART, 'UPLOAD_OFFSET_WRONG'],
  ['too small', PART, PART + 100, 'INPUT_INVALID'],
  ['empty', PART, PART, 'INPUT_INVALID'],
])('a part that goes on wrongly is refused: %s', async (_title, from, to, code) => {
  const file = fileOf(4 * PART)
  await send(file, 0, PART)
  expect(await codeOf(send(file, from, to))).toBe(code)
  expect(await state(file.sha256)).toMatchObject({ offset: PART })
  // And right again.
  await send(file, PART, 4 * PART)
  expect(await state(file.sha256)).toMatchObject({ isReceived: true })
})

test.each([
  [
    'another length',
    (file: TestFile) => send(file, PART, 2 * PART, 4 * PART + 1),
    'UPLOAD_OFFSET_WRONG',
  ],
  [
    'more than the rest',
    (file: TestFile) => send(file, PART, 4 * PART, 3 * PART),
    'UPLOAD_OFFSET_WRONG',
  ],
  [
    'a part larger than allowed',
    (file: TestFile) =>
      sender.patchUploadFile({
        params: { uploadId, sha256: file.sha256 },
        query: { offset: 0, length: MAX_PART_BYTES },
        body: new Blob([Buffer.alloc(MAX_PART_BYTES + 1)]),
      }),
    'TOO_LARGE',
  ],
  ['a file larger than allowed', (file: TestFile) => send(file, 0, PART, 2 ** 40), 'TOO_LARGE'],
] as const)('what is declared is held to: %s', async (_title, act, code) => {
  const file = fileOf(4 * PART)
  await send(file, 0, PART)
  expect(await codeOf(act(file))).toBe(code)
  expect(await state(file.sha256)).toMatchObject({ offset: PART, isReceived: false })
})

test('other bytes than the hash says are refused, and the parts are gone', async () => {
  const [file, other] = [fileOf(2 * PART), fileOf(2 * PART)]
  const mixed = { sha256: file.sha256, bytes: other.bytes }
  await send(mixed, 0, PART)
  expect(await codeOf(send(mixed, PART, 2 * PART))).toBe('HASH_MISMATCH')
  expect(await state(file.sha256)).toMatchObject({ isReceived: false, offset: 0, length: null })
  expect(await blobsIn('incoming')).toEqual([])
  await send(file, 0, 2 * PART)
  expect(await state(file.sha256)).toMatchObject({ isReceived: true })
})

test('F7: of two who go on with one file one wins each part, and bytes never interleave', async () => {
  const file = fileOf(12 * PART)
  const resume = async () => {
    let [won, lost] = [0, 0]
    for (;;) {
      const { isReceived, offset } = await state(file.sha256)
      if (isReceived) return { won, lost }
      // Each takes another size, so that parts would overlap.
      const size = PART * (1 + ((won + lost) % 3))
      const code = await codeOf(send(file, offset, Math.min(offset + size, file.bytes.length)))
      if (code === undefined) won += 1
      else {
        expect(code).toBe('UPLOAD_OFFSET_WRONG')
        lost += 1
      }
    }
  }
  const [one, other] = await Promise.all([resume(), resume()])
  expect(one.won + other.won).toBeGreaterThanOrEqual(4)
  expect(await blobsIn('quarantine')).toContain(file.sha256)
  expect(await blobsIn('incoming')).toEqual([])
  process.stdout.write(
    `two resumers: ${one.won} and ${other.won} parts taken, ${one.lost + other.lost} answered 409, 0 interleaved\n`,
  )
})

test('F7: who goes on while the other finishes is told so, at whatever moment', async () => {
  const file = fileOf(2 * PART)
  const db = new pg.Client({ connectionString: api.databaseUrl })
  await db.connect()
  try {
    await db.query(
      'insert into upload_unfinished (upload_id, sha256, byte_count) values ($1, $2, $3)',
      [uploadId, file.sha256, file.bytes.length],
    )
    // The file is finished and its parts are forgotten between two statements of the late one.
    await db.query(`
      create function wait_a_moment() returns trigger language plpgsql as
        'begin perform pg_sleep(1); return null; end';
      create trigger slow after insert on upload_unfinished for each statement
        execute function wait_a_moment()`)
    const late = codeOf(send(file, 0, PART))
    await expect
      .poll(async () => {
        const { rowCount } = await db.query(
          `select from pg_stat_activity
            where datname = current_database() and wait_event = 'PgSleep'`,
        )
        return rowCount
      })
      .toBe(1)
    await db.query('delete from upload_unfinished where upload_id = $1', [uploadId])
    expect(await late).toBe('UPLOAD_OFFSET_WRONG')
  } finally {
    await db.query('drop function if exists wait_a_moment cascade')
    await db.end()
  }
  await send(file, 0, 2 * PART)
  expect(await state(file.sha256)).toMatchObject({ isReceived: true })
})

test('what is asked of many files at once names those that are there or begun', async () => {
  const [whole, begun, absent] = [fileOf(100), fileOf(2 * PART), fileOf(10)]
  await sender.putUploadFile({
    params: { uploadId, sha256: whole.sha256 },
    body: new Blob([whole.bytes]),
  })
  await send(begun, 0, PART)
  const sha256s = [whole, begun, absent].map(({ sha256 }) => sha256)
  const { items } = await sender.findUploadFiles({ params: { uploadId }, body: { sha256s } })
  expect(items).toHaveLength(2)
  expect(items).toContainEqual({ sha256: whole.sha256, isReceived: true, offset: 100, length: 100 })
  expect(items).toContainEqual({
    sha256: begun.sha256,
    isReceived: false,
    offset: PART,
    length: 2 * PART,
  })
})

test('an upload that is given up takes nothing more, and its bytes go', async () => {
  const [whole, begun] = [fileOf(100), fileOf(2 * PART)]
  const put = () =>
    sender.putUploadFile({
      params: { uploadId, sha256: whole.sha256 },
      body: new Blob([whole.bytes]),
    })
  await put()
  await send(begun, 0, PART)
  const { status } = await sender.discardUpload({ params: { uploadId } })
  expect(status).toBe('discarded')
  await api.runJob(REMOVE_UNFINISHED, { uploadId })
  expect(await blobsIn('incoming')).toEqual([])
  expect(await blobsIn('quarantine')).not.toContain(whole.sha256)
  expect(await codeOf(put())).toBe('UPLOAD_CLOSED')
  expect(await codeOf(send(begun, PART, 2 * PART))).toBe('UPLOAD_CLOSED')
  expect(await codeOf(sender.discardUpload({ params: { uploadId } }))).toBe('UPLOAD_CLOSED')
})

test('parts that nobody goes on with go after a week; those of yesterday stay', async () => {
  const [old, recent] = [fileOf(2 * PART), fileOf(2 * PART)]
  await send(old, 0, PART)
  await send(recent, 0, PART)
  const pool = new pg.Client({ connectionString: api.databaseUrl })
  await pool.connect()
  await pool.query(
    `update upload_unfinished set changed_at = now() - interval '8 days' where sha256 = $1`,
    [old.sha256],
  )
  await pool.end()
  await api.runJob(REMOVE_UNFINISHED, {})
  expect(await state(old.sha256)).toMatchObject({ offset: 0, length: null })
  expect(await state(recent.sha256)).toMatchObject({ offset: PART })
  expect(await blobsIn('incoming')).toHaveLength(1)
})

test('closing an upload waits for files under way, and excludes later ones', async () => {
  const files = Array.from({ length: 40 }, () => fileOf(2_000))
  const [first, ...others] = files
  if (first === undefined) throw new Error('no file')
  const put = ({ bytes, sha256 }: TestFile) =>
    sender.putUploadFile({ params: { uploadId, sha256 }, body: new Blob([bytes]) })
  await put(first)
  const answers = others.map((file) => codeOf(put(file)))
  const close = sender.completeUpload({ params: { uploadId }, body: { sha256s: [first.sha256] } })
  const codes = await Promise.all(answers)
  await close
  const received = 1 + codes.filter((code) => code === undefined).length
  expect(new Set(codes.filter((code) => code !== undefined)).size).toBeLessThanOrEqual(1)
  const { files: counted } = await sender.getUpload({ params: { uploadId } })
  expect(counted.received).toBe(received)
})
