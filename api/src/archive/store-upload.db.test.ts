/** Approved files on their way into the archive: batched, once, counted and judged anew with every addition. */
import { readDicom, toDicomJson } from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { makePhantom } from '../../../test/phantom/index.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import { type Database, openDatabase } from '../platform/database.ts'
import { createArchiveService } from './service.ts'
import { storeUploadJob } from './store-upload.ts'

let database: TestDatabase
let db: Database
let project: { id: string; person: string }
/** What the job asked of the blobs. */
const shared: string[] = []
const removed: string[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  db = openDatabase({ url: database.url, poolSize: 4 })
  const person = await one(
    `insert into person (username, display_name) values ('manager', 'Manager') returning id`,
  )
  const id = await one(
    `insert into project (key, name_en, name_ko, pseudonym_prefix, pseudonym_digits, segments)
     values ('archive', 'P', 'P', 'LC', 5, '[]') returning id`,
  )
  await db.run(
    `insert into deid_profile (project_id, version, text, label, digest)
     values ($1, 1, 'x', 'x', encode(sha256('x'), 'hex'))`,
    [id],
  )
  project = { id, person }
})

afterAll(async () => {
  await db.close()
  await database.drop()
})

async function one(sql: string, values: readonly unknown[] = []): Promise<string> {
  return (await db.one(z.object({ id: z.string() }), sql, values)).id
}

const Row = z.object({ metadata: z.record(z.string(), z.object({ vr: z.string() }).loose()) })
/** A CT slice as the check describes it. */
const phantom = Row.shape.metadata.parse(
  JSON.parse(
    JSON.stringify(
      toDicomJson(
        readDicom(makePhantom({ seed: 1, size: 64, slices: 1 }).files[0]?.bytes ?? new Uint8Array())
          .dataSet,
      ),
    ),
  ),
)

interface Slice {
  study: string
  series: string
  sop: string
  z: number
  patient?: string
  /** Other bytes under the same UIDs. */
  edition?: string
}

function fileOf({ study, series, sop, z: mm, patient = 'LC00001', edition = '' }: Slice) {
  const value = (vr: string, ...Value: unknown[]) => ({ vr, Value })
  return {
    sha256: Buffer.from(`${sop}${edition}`).toString('hex').padEnd(64, '0').slice(-64),
    bytes: 1000,
    instance: {
      patientId: patient,
      studyInstanceUid: study,
      seriesInstanceUid: series,
      sopInstanceUid: sop,
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      transferSyntaxUid: '1.2.840.10008.1.2.1',
      modality: 'CT',
      numberOfFrames: 1,
      pixels: 'sample',
      metadata: {
        ...phantom,
        '00080018': value('UI', sop),
        '00100020': value('LO', patient),
        '0020000D': value('UI', study),
        '0020000E': value('UI', series),
        '00200032': value('DS', 0, 0, mm),
        '00200052': value('UI', '2.25.3'),
        '00280030': value('DS', 1, 1),
      },
      frames: [[1000, 8192]],
    },
  }
}

const series = (study: string, uid: string, zs: readonly number[]): Slice[] =>
  zs.map((z) => ({ study, series: uid, sop: `${uid}.${1000 + z}`, z }))

/** An approved upload of these files. */
async function approved(slices: readonly Slice[]): Promise<string> {
  const uploadId = await one(
    `insert into upload (project_id, created_by, profile_version, key_version, status)
     values ($1, $2, 1, 1, 'archiving') returning id`,
    [project.id, project.person],
  )
  const files = slices.map(fileOf)
  await db.run(
    `insert into upload_file (upload_id, sha256, byte_count, status, instance)
     select $1, sha256, bytes, 'clean', instance
       from jsonb_to_recordset($2) as f (sha256 text, bytes bigint, instance jsonb)`,
    [uploadId, JSON.stringify(files)],
  )
  return uploadId
}

const blobs = new Proxy({} as BlobStore, {
  get: (_, name) => (sha256OrArea: string, sha256: string) => {
    if (name === 'share') shared.push(sha256OrArea)
    if (name === 'remove') removed.push(sha256)
    return Promise.resolve()
  },
})

/** Runs the job as the worker does; how many statements it took. */
async function archive(uploadId: string): Promise<number> {
  let statements = 0
  const counted: Database = {
    ...db,
    transaction: (work) =>
      db.transaction((tx) =>
        work({
          ...tx,
          many: (...args) => (statements++, tx.many(...args)),
          maybeOne: (...args) => (statements++, tx.maybeOne(...args)),
          one: (...args) => (statements++, tx.one(...args)),
          run: (...args) => (statements++, tx.run(...args)),
        }),
      ),
  }
  const job = storeUploadJob({ db: counted, blobs, onStudyArchived: () => Promise.resolve() })
  await job.handle({ uploadId }, new AbortController().signal, () => undefined)
  return statements
}

interface Counts {
  studies: number
  series: number
  instances: number
}

async function counts(study: string): Promise<Counts> {
  return await db.one(
    z.object({ studies: z.number(), series: z.number(), instances: z.number() }),
    `select count(distinct s.id)::int as studies, count(distinct se.id)::int as series,
            count(i.id)::int as instances
       from study s left join series se on se.study_id = s.id left join instance i on i.series_id = se.id
      where s.study_instance_uid = $1`,
    [study],
  )
}

const statusOf = (uploadId: string) =>
  db.one(z.object({ status: z.string() }), 'select status from upload where id = $1', [uploadId])

test('a study of 3,000 instances takes few statements, and is there once however often it comes', async () => {
  const zs = Array.from({ length: 3000 }, (_, at) => at)
  const slices = [0, 1, 2].flatMap((at) =>
    series('2.25.10', `2.25.1${at}`, zs.slice(at * 1000, at * 1000 + 1000)),
  )
  const uploadId = await approved(slices)
  const started = performance.now()
  const statements = await archive(uploadId)
  process.stdout.write(
    `archive: a study of 3,000 instances in ${Math.round(performance.now() - started)} ms, ` +
      `${statements} statements\n`,
  )
  expect(statements).toBeLessThan(60)
  expect(new Set(shared).size).toBe(3000)
  expect(await counts('2.25.10')).toEqual({ studies: 1, series: 3, instances: 3000 })
  expect(await statusOf(uploadId)).toEqual({ status: 'archived' })
  const again = await approved(slices)
  await archive(again)
  expect(await counts('2.25.10')).toEqual({ studies: 1, series: 3, instances: 3000 })
  expect(await statusOf(again)).toEqual({ status: 'archived' })
})

test('a job that ran is run again without effect', async () => {
  const uploadId = await approved(series('2.25.20', '2.25.21', [0, 1, 2]))
  await archive(uploadId)
  await archive(uploadId)
  expect(await counts('2.25.20')).toEqual({ studies: 1, series: 1, instances: 3 })
})

test('what was found out by the check is what is archived', async () => {
  await archive(await approved(series('2.25.30', '2.25.31', [7])))
  const row = await db.one(
    z.record(z.string(), z.unknown()),
    `select i.sop_instance_uid, i.transfer_syntax_uid, i.byte_count::int, i.number_of_frames, i.frames,
            i.metadata #>> '{00080018,Value,0}' as uid, i.planes #> '{0,positionMm}' as position,
            se.modality, s.attributes #>> '{00100020,Value,0}' as patient
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where s.study_instance_uid = '2.25.30'`,
  )
  expect(row).toEqual({
    sop_instance_uid: '2.25.31.1007',
    transfer_syntax_uid: '1.2.840.10008.1.2.1',
    byte_count: 1000,
    number_of_frames: 1,
    frames: [[1000, 8192]],
    uid: '2.25.31.1007',
    position: [0, 0, 7],
    modality: 'CT',
    patient: 'LC00001',
  })
})

test('the judgement is kept with the series, and made anew when slices are added', async () => {
  const archived = createArchiveService({ db })
  const listed = async (uploadId: string) => (await archived.seriesOfUpload(uploadId))[0]
  const first = await approved(series('2.25.40', '2.25.41', [0, 1, 3, 4]))
  await archive(first)
  expect(await listed(first)).toMatchObject({
    seriesInstanceUid: '2.25.41',
    instances: 4,
    slices: 4,
    sliceSpacingMm: 1,
    isVolume: false,
    findings: [{ code: 'GAP', severity: 'blocks-volume', count: 1, afterMm: 1, expectedMm: 1 }],
  })
  await archive(await approved(series('2.25.40', '2.25.41', [2])))
  expect(await listed(first)).toMatchObject({ instances: 5, isVolume: true, findings: [] })
})

test('series that were archived before are judged when they are asked for', async () => {
  const archived = createArchiveService({ db })
  const uploadId = await approved(series('2.25.50', '2.25.51', [0, 1, 3, 4]))
  await archive(uploadId)
  const kept = await archived.seriesOfUpload(uploadId)
  await db.run(`update instance set planes = null where sop_instance_uid like '2.25.51.%'`)
  await db.run(`update series set geometry = null where series_instance_uid = '2.25.51'`)
  expect(await archived.seriesOfUpload(uploadId)).toEqual(kept)
})

describe('ARCHIVE_CONFLICT, and nothing of the study is archived', () => {
  const base = series('2.25.60', '2.25.61', [0, 1])
  beforeAll(async () => {
    await archive(await approved(base))
  })

  test.each<[string, Slice[]]>([
    [
      'other bytes under a known SOP Instance UID',
      [
        ...series('2.25.60', '2.25.61', [1]).map((each) => ({ ...each, edition: '2' })),
        ...series('2.25.60', '2.25.62', [5]),
      ],
    ],
    ['a known series in another study', series('2.25.70', '2.25.61', [9])],
    [
      'a known instance in another series',
      base.slice(0, 1).map((each) => ({ ...each, series: '2.25.63' })),
    ],
    [
      'a known study of another subject',
      series('2.25.60', '2.25.64', [3]).map((each) => ({ ...each, patient: 'LC00002' })),
    ],
    [
      'a study of two subjects',
      [
        ...series('2.25.80', '2.25.81', [3]),
        ...series('2.25.80', '2.25.82', [3]).map((each) => ({ ...each, patient: 'LC00002' })),
      ],
    ],
  ])('%s', async (_name, slices) => {
    const before = await counts('2.25.60')
    const uploadId = await approved(slices)
    await expect(archive(uploadId)).rejects.toMatchObject({ code: 'ARCHIVE_CONFLICT' })
    expect(await counts('2.25.60')).toEqual(before)
    expect((await counts('2.25.70')).studies + (await counts('2.25.80')).studies).toBe(0)
    expect(await statusOf(uploadId)).toEqual({ status: 'archiving' })
  })
})
