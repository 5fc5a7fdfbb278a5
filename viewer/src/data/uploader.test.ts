import type { PixelReview } from '@pandok/anonymizer'
import type { DeidentificationWorker, FileInspection, LookingWorker } from '@pandok/anonymizer/web'
import { type Client, createClient, PandokError } from '@pandok/contract'
import { expect, test } from 'vitest'
import { chosenFile } from './chosen-files.ts'
import { createUploadMemory, type Entry, type UploadMemory } from './upload-memory.ts'
import type { UploadSnapshot, WaitingSeries } from './upload-snapshot.ts'
import { startUpload, type Uploader } from './uploader.ts'

const ROW = { path: '00100010', keyword: 'PatientName', rule: 'Z', action: 'Z', count: 1 } as const
const TEXT_BOX = { left: 2, top: 1, width: 8, height: 4, score: 0.9 }

/**
 * A file's name says what it is: `bad…` is refused, `us…` waits for a person, anything else is looked
 * at in samples; `written…` has text. It is cleaned to itself, and the hash is the text.
 */
const inspectionOf = (text: string): FileInspection => ({
  plan: text.startsWith('us') ? { kind: 'person', reason: 'written-on' } : { kind: 'sample' },
  pseudonym: 'P-0001',
  seriesInstanceUid: text.startsWith('us') ? '1.4' : '1.3',
  instanceNumber: undefined,
  numberOfFrames: 1,
  modality: text.startsWith('us') ? 'US' : 'CT',
  rows: 20,
  columns: 30,
  knownRegions: [],
  isAnnounced: false,
  corners: ['same'],
})

function fakeWorker() {
  const reviews = new Map<string, PixelReview | undefined>()
  const read = async (file: Blob) => await file.text().catch(() => undefined)
  const worker: DeidentificationWorker = {
    inspect: async (file) => {
      const text = await read(file)
      if (text === undefined) return { kind: 'refused', code: 'UNREADABLE' }
      if (text.startsWith('bad')) return { kind: 'refused', code: 'DICOM_NOT_PART10' }
      return { kind: 'inspected', file: inspectionOf(text) }
    },
    deidentify: async (file, review) => {
      const text = (await read(file)) ?? ''
      reviews.set(text, review)
      if (text.startsWith('us') && review === undefined) {
        return { kind: 'refused', code: 'DEID_PIXELS_UNSEEN' }
      }
      return {
        kind: 'done',
        clean: {
          bytes: new TextEncoder().encode(text),
          sha256: text,
          pseudonym: 'P-0001',
          subjectDigest: '0f'.repeat(16),
          studyInstanceUid: '1.2',
          seriesInstanceUid: '1.3',
          report: [ROW],
        },
      }
    },
    show: () => Promise.resolve({ kind: 'refused', code: 'DEID_PIXEL_CODEC' }),
    close: () => undefined,
  }
  const looking: LookingWorker = {
    look: async (file, frames) => {
      const text = await file.text()
      const boxes = text.startsWith('written') ? [TEXT_BOX] : []
      return { kind: 'looked', frames: frames.map((frame) => ({ frame, boxes })) }
    },
    close: () => undefined,
  }
  return { worker, looking, reviews }
}

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
    getUpload: () => Promise.resolve({ id: 'up', status: 'receiving' } as never),
    findUploadFiles: ({ body }) =>
      Promise.resolve({
        items: body.sha256s
          .filter((sha256) => stored.includes(sha256))
          .map((sha256) => ({ sha256, isReceived: true, offset: 1, length: 1 })),
      }),
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

/** What a browser keeps, in a list that outlives the page. */
const listMemory = (entries: Entry[]): UploadMemory =>
  createUploadMemory({
    all: () => Promise.resolve([...entries]),
    add: (entry) => {
      entries.push(entry)
      return Promise.resolve()
    },
    clear: () => {
      entries.length = 0
      return Promise.resolve()
    },
  })

/** `onWaiting` answers for the person. */
async function runUpload(
  client: Client,
  files: readonly File[],
  onWaiting?: (waiting: WaitingSeries, uploader: Uploader) => void,
  fake = fakeWorker(),
  memory: UploadMemory = listMemory([]),
): Promise<UploadSnapshot> {
  const uploader = startUpload({
    client,
    projectKey: 'lung',
    files: files.map((each) => chosenFile(each)),
    memory,
    startWorker: () => fake.worker,
    startLooking: () => fake.looking,
    pause: () => Promise.resolve(),
  })
  return await new Promise((resolve) => {
    const asked = new Set<string>()
    uploader.subscribe(() => {
      const snapshot = uploader.snapshot()
      for (const waiting of snapshot.waiting) {
        if (asked.has(waiting.series.id)) continue
        asked.add(waiting.series.id)
        onWaiting?.(waiting, uploader)
      }
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
    subjects: [{ pseudonym: 'P-0001', subjectDigest: '0f'.repeat(16) }],
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
  unreadable.text = () => Promise.reject(new Error('NotReadableError'))
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

test('what waits for a person goes with their boxes; the rest is sent while they look', async () => {
  const { client, stored } = fakeServer()
  const fake = fakeWorker()
  let sentBefore: string[] = []
  const end = await runUpload(
    client,
    ['us1', 'us2', 'ct1', 'ct2'].map(file),
    ({ series, why, toBeSeen, looked }, uploader) => {
      expect(why).toBe('written-on')
      expect(toBeSeen).toHaveLength(2)
      expect(looked).toEqual({ frames: 2, of: 2 })
      setTimeout(() => {
        sentBefore = [...stored].sort()
        const regions = [{ left: 0, top: 0, width: 30, height: 5, frames: 'all' as const }]
        const reviews = new Map(series.files.map((each) => [each.file, { regions }]))
        uploader.decide(series.id, { kind: 'send', reviews })
      }, 300)
    },
    fake,
  )
  expect(sentBefore).toEqual(['ct1', 'ct2'])
  expect(end).toMatchObject({ uploadId: 'up', finished: 4, waiting: [] })
  expect(fake.reviews.get('us2')?.regions).toHaveLength(1)
  expect(fake.reviews.get('ct1')).toBeUndefined()
})

test('text where none was announced brings the series to a person, every frame looked at', async () => {
  const { client } = fakeServer()
  let asked: WaitingSeries | undefined
  const texts = ['ct1', 'ct2', 'ct3', 'ct4', 'written5']
  const end = await runUpload(client, texts.map(file), (waiting, uploader) => {
    asked = waiting
    uploader.decide(waiting.series.id, { kind: 'leave-out', code: 'REVIEW_IDENTIFYING' })
  })
  expect(asked).toMatchObject({
    why: 'text-found',
    looked: { frames: 5, of: 5 },
    toBeSeen: [{ file: 4, frame: 1 }],
    proposed: [{ left: 2, top: 1, width: 8, height: 4, reach: 'file', source: 'detector' }],
  })
  expect(end).toMatchObject({ failureCode: 'UPLOAD_NOTHING_CLEAN', looked: { frames: 5, of: 5 } })
  expect(end.files.map(({ code }) => code)).toEqual(Array(5).fill('REVIEW_IDENTIFYING'))
})

test('a detector that fails leaves the looking to the person', async () => {
  const { client } = fakeServer()
  const fake = fakeWorker()
  const look = () => Promise.resolve({ kind: 'refused', code: 'CRASHED' } as const)
  const end = await runUpload(
    client,
    ['ct1', 'ct2'].map(file),
    ({ series, why, toBeSeen }, uploader) => {
      expect([why, series.plan, toBeSeen.length]).toEqual(['look-failed', 'person', 2])
      const reviews = new Map(series.files.map((each) => [each.file, { regions: [] }]))
      uploader.decide(series.id, { kind: 'send', reviews })
    },
    { ...fake, looking: { ...fake.looking, look } },
  )
  expect(end).toMatchObject({ uploadId: 'up', finished: 2 })
})

test('after a closed tab the same files go on: nothing twice, nobody asked twice', async () => {
  const entries: Entry[] = []
  const texts = ['ct1', 'ct2', 'us1', 'us2', 'ct3']
  // Made once: their times are what they are known by.
  const files = texts.map(file)
  // The tab is closed when the server stops answering for good.
  const server = fakeServer([])
  let puts = 0
  const closing: Client = {
    ...server.client,
    putUploadFile: async (input) => {
      puts += 1
      if (puts > 3) throw new PandokError('FORBIDDEN')
      return await server.client.putUploadFile(input)
    },
  }
  const clear = ({ series }: WaitingSeries, uploader: Uploader) => {
    const reviews = new Map(series.files.map((each) => [each.file, { regions: [] }]))
    uploader.decide(series.id, { kind: 'send', reviews })
  }
  const first = await runUpload(closing, files, clear, fakeWorker(), listMemory(entries))
  expect(first.failureCode).toBe('FORBIDDEN')
  expect(server.stored).toHaveLength(3)
  const kept = JSON.stringify(entries)
  for (const text of texts) expect(kept).not.toContain(`${text}.dcm`)

  const fake = fakeWorker()
  const asked: string[] = []
  const again = await runUpload(
    server.client,
    files,
    (waiting, uploader) => {
      asked.push(waiting.series.id)
      clear(waiting, uploader)
    },
    fake,
    listMemory(entries),
  )
  expect(again).toMatchObject({ uploadId: 'up', finished: 5, failureCode: undefined })
  expect(asked).toEqual([])
  expect(fake.reviews.size).toBe(2)
  expect(server.stored.toSorted()).toEqual(texts.toSorted())
  expect(server.completed()).toMatchObject({
    sha256s: expect.arrayContaining(texts) as string[],
    report: { files: 5, rows: [{ ...ROW, count: 5 }] },
  })
  expect(entries).toEqual([])
})

test('a pause holds up what has not begun, and nothing is lost', async () => {
  const { client, stored } = fakeServer()
  const fake = fakeWorker()
  const uploader = startUpload({
    client,
    projectKey: 'lung',
    files: Array.from({ length: 30 }, (_, at) => chosenFile(file(`ct${at}`))),
    memory: listMemory([]),
    startWorker: () => fake.worker,
    startLooking: () => fake.looking,
  })
  uploader.pause()
  await new Promise((wake) => setTimeout(wake, 300))
  expect(uploader.snapshot()).toMatchObject({ isPaused: true, uploadId: undefined })
  expect(stored).toEqual([])
  uploader.resume()
  await expect.poll(() => uploader.snapshot().uploadId).toBe('up')
  expect(stored).toHaveLength(30)
})
