import type { WorkerAnswer } from '@pandok/anonymizer/web'
import { type Client, createClient, PandokError } from '@pandok/contract'
import { expect, test } from 'vitest'
import { startUpload, type UploadSnapshot } from './uploader.ts'

const ROW = { path: '00100010', keyword: 'PatientName', rule: 'Z', action: 'Z', count: 1 } as const

/** Cleans a text file to itself; `bad…` is refused. The hash is the text. */
const worker = () => ({
  deidentify: async (bytes: ArrayBuffer): Promise<WorkerAnswer> => {
    const text = new TextDecoder().decode(bytes)
    await Promise.resolve()
    if (text.startsWith('bad')) return { id: 1, kind: 'refused', code: 'DICOM_NOT_PART10' }
    return {
      id: 1,
      kind: 'done',
      bytes: new Uint8Array(bytes),
      sha256: text,
      pseudonym: 'P-0001',
      studyInstanceUid: '1.2',
      seriesInstanceUid: '1.3',
      report: [ROW],
    }
  },
  close: () => undefined,
})

function fakeServer(faults: (PandokError | TypeError)[] = []) {
  const stored: string[] = []
  let completed: unknown
  const client: Client = {
    ...createClient({ baseUrl: '', getToken: () => Promise.resolve(undefined) }),
    getDeidentificationKey: () =>
      Promise.resolve({
        keyBase64: btoa('k'.repeat(32)),
        pseudonymFormat: { prefix: 'P', digits: 4 },
        profile: 'basic',
        profileLabel: 'Pandok basic v1',
        profileDigest: '0'.repeat(64),
        profileVersion: 1,
        keyVersion: 1,
      }),
    createUpload: () => Promise.resolve({ id: 'up' } as never),
    putUploadFile: ({ params }) => {
      const fault = faults.shift()
      if (fault !== undefined) return Promise.reject(fault)
      stored.push(params.sha256)
      return Promise.resolve({ sha256: params.sha256, bytes: 1 })
    },
    completeUpload: ({ body }) => {
      completed = body
      return Promise.resolve({ id: 'up' } as never)
    },
  }
  return { client, stored, completed: () => completed }
}

async function runUpload(client: Client, files: readonly File[]): Promise<UploadSnapshot> {
  const uploader = startUpload({
    client,
    projectKey: 'lung',
    files,
    startWorker: worker,
    pause: () => Promise.resolve(),
  })
  return await new Promise((resolve) => {
    uploader.subscribe(() => {
      const snapshot = uploader.snapshot()
      if (snapshot.uploadId ?? snapshot.failureCode) resolve(snapshot)
    })
  })
}

const file = (text: string) => new File([text], `${text}.dcm`)

test('every file is received or named with its reason; the report holds no name', async () => {
  const { client, stored, completed } = fakeServer()
  const texts = ['one', 'two', 'bad', 'two', 'three']
  const end = await runUpload(client, texts.map(file))
  expect(stored.toSorted()).toEqual(['one', 'three', 'two'])
  expect(end).toMatchObject({ uploadId: 'up', failureCode: undefined, finished: 5, sentBytes: 11 })
  expect(end.files.map(({ state, code }) => [state, code])).toEqual([
    ['received', undefined],
    ['received', undefined],
    ['left-out', 'DICOM_NOT_PART10'],
    ['left-out', 'DUPLICATE'],
    ['received', undefined],
  ])
  expect(completed()).toEqual({
    sha256s: expect.arrayContaining(['one', 'two', 'three']) as string[],
    report: {
      profile: 'Pandok basic v1',
      files: 3,
      rows: [{ ...ROW, count: 3 }],
      leftOut: { DICOM_NOT_PART10: 1, DUPLICATE: 1 },
    },
  })
  expect(JSON.stringify(completed())).not.toContain('.dcm')
})

test('a network that comes and goes loses no file', async () => {
  const away = Array.from({ length: 9 }, () => new TypeError('network'))
  const { client, stored } = fakeServer(away)
  const end = await runUpload(client, ['a', 'b', 'c', 'd'].map(file))
  expect(stored.toSorted()).toEqual(['a', 'b', 'c', 'd'])
  expect(end).toMatchObject({ uploadId: 'up', finished: 4, isWaiting: false })
})

test('a file the server does not take holds up no other', async () => {
  const { client, stored } = fakeServer([new PandokError('TOO_LARGE')])
  const end = await runUpload(client, ['a', 'b', 'c'].map(file))
  expect(stored).toHaveLength(2)
  expect(end.files.filter((each) => each.state === 'failed')).toMatchObject([{ code: 'TOO_LARGE' }])
  expect(end.uploadId).toBe('up')
})

test('a file the browser cannot read is left out', async () => {
  const unreadable = file('gone')
  unreadable.arrayBuffer = () => Promise.reject(new Error('NotReadableError'))
  const { client } = fakeServer()
  const end = await runUpload(client, [unreadable, file('here')])
  expect(end.files[0]).toMatchObject({ state: 'left-out', code: 'UNREADABLE' })
  expect(end.uploadId).toBe('up')
})

test.each([
  ['closed meanwhile', ['a', 'b'], [new PandokError('UPLOAD_CLOSED')], 'UPLOAD_CLOSED'],
  ['nothing clean', ['bad1', 'bad2'], [], 'UPLOAD_NOTHING_CLEAN'],
])('the upload stops with its code: %s', async (_title, texts, faults, code) => {
  const { client, completed } = fakeServer(faults)
  const end = await runUpload(client, texts.map(file))
  expect(end).toMatchObject({ uploadId: undefined, failureCode: code })
  expect(completed()).toBeUndefined()
})
