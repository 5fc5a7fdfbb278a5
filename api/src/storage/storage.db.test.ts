/** The care of stored bytes on a real database and real files: rot is found, orphans go, nothing else does. */
import { randomBytes } from 'node:crypto'
import { appendFile } from 'node:fs/promises'
import { PandokError } from '@pandok/contract'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestApi, type TestApi } from '../../../test/support/api.ts'
import { piecesOf } from '../../../test/support/blob-store-cases.ts'
import type { BlobArea, BlobStore } from '../platform/blobs/index.ts'
import { createStorageService } from './index.ts'

let api: TestApi
let blobs: BlobStore
let sql: pg.Client
let seriesId: string
let lines: { code?: string }[]
const signal = new AbortController().signal
const HOUR = 60 * 60_000

beforeAll(async () => {
  api = await startTestApi()
  blobs = api.app.blobs
  sql = new pg.Client({ connectionString: api.databaseUrl })
  await sql.connect()
  await api.as('admin').createProject({
    params: {},
    body: {
      key: 'kept',
      nameEn: 'Kept',
      nameKo: '보관',
      pseudonymFormat: { prefix: 'LC', digits: 5 },
    },
  })
  const { rows } = await sql.query<{ id: string }>(
    `with project as (select id from project where key = 'kept'),
          subject as (insert into subject (project_id, pseudonym, key_version)
                      select id, 'LC00001', 1 from project returning id, project_id),
          study as (insert into study (project_id, subject_id, study_instance_uid, attributes)
                    select project_id, id, '1.2.3', '{}' from subject returning id, project_id)
     insert into series (study_id, project_id, series_instance_uid, modality, attributes)
     select id, project_id, '1.2.3.4', 'CT', '{}' from study returning id`,
  )
  seriesId = rows[0]?.id ?? ''
})
afterAll(async () => {
  await sql.end()
  await api.stop()
})
beforeEach(async () => {
  lines = []
  await sql.query('delete from instance')
  await sql.query('delete from blob_verified')
  await sql.query('delete from storage_finding')
  await sql.query(
    `update storage_duty set cursor = '', due_at = now(), leased_until = '-infinity',
            pass_started_at = null, pass_blobs = 0, pass_bytes = 0`,
  )
  for await (const names of blobs.list('archive')) {
    for (const name of names) await blobs.remove('archive', name)
  }
})

const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (facts: object) => void lines.push(facts),
  error: (facts: object) => void lines.push(facts),
}

/** As it runs in a worker, with changes. */
interface Changes {
  readonly blobs?: Partial<BlobStore>
  readonly scrubBytesPerSecond?: number
  readonly portionBlobs?: number
  readonly chores?: Parameters<typeof createStorageService>[0]['chores']
}
function care(changes: Changes = {}) {
  return createStorageService({
    db: api.app.db,
    blobs: { ...blobs, ...changes.blobs },
    log,
    needs: api.app.blobNeeds,
    chores: changes.chores ?? [],
    scrubBytesPerSecond: changes.scrubBytesPerSecond ?? Number.MAX_SAFE_INTEGER,
    ...(changes.portionBlobs === undefined ? {} : { portionBlobs: changes.portionBlobs }),
  })
}
const health = () => api.as('admin').getStorageHealth({ params: {} })
const dueAgain = () => sql.query('update storage_duty set due_at = now()')

let instances = 0
async function archived(bytes = randomBytes(5_000)): Promise<string> {
  const { sha256 } = await blobs.put('archive', piecesOf(bytes))
  instances += 1
  await sql.query(
    `insert into instance (series_id, project_id, sop_instance_uid, sop_class_uid,
                           transfer_syntax_uid, sha256, byte_count, number_of_frames, metadata, frames)
     select id, project_id, $2, '1', '1', $3, $4, 1, '{}', '[]' from series where id = $1`,
    [seriesId, `1.2.3.4.${instances}`, sha256, bytes.length],
  )
  return sha256
}
async function several(count: number): Promise<string[]> {
  const names: string[] = []
  while (names.length < count) names.push(await archived())
  return names
}
const rot = (sha256: string) => appendFile(blobs.localPath('archive', sha256) ?? '', 'x')

describe('the scrub', () => {
  test('reads all that is kept, finds what is damaged or missing, and removes nothing', async () => {
    const bytes = randomBytes(5_000)
    const damaged = await archived(bytes)
    const missing = await archived()
    const whole = [await archived(), await archived(), await archived()]
    await rot(damaged)
    await blobs.remove('archive', missing)
    await care().runDue(signal)
    const found = await health()
    expect(found).toMatchObject({ blobs: 5, bytes: 25_000, neverVerified: 2, openFindings: 2 })
    expect(found.scrub).toMatchObject({ now: null, last: { blobs: 5, bytes: 15_000 } })
    const kinds = found.findings.map(({ area, sha256, kind }) => `${area} ${sha256} ${kind}`)
    expect(kinds.sort()).toEqual(
      [`archive ${damaged} damaged`, `archive ${missing} missing`].sort(),
    )
    expect(lines.map(({ code }) => code).sort()).toEqual(['BLOB_DAMAGED', 'BLOB_MISSING'])
    expect(await blobs.size('archive', damaged)).toBe(5_001)
    for (const sha256 of whole) expect(await blobs.size('archive', sha256)).toBe(5_000)
    const audited = await sql.query<{ object_id: string }>(
      `select object_id from audit_event where action = 'job:storage.scrub'`,
    )
    expect(audited.rows.map((row) => row.object_id).sort()).toEqual([damaged, missing].sort())

    // The same again says nothing new; what was mended is resolved.
    await blobs.put('archive', piecesOf(bytes))
    await dueAgain()
    await care().runDue(signal)
    const after = await health()
    expect(after.findings).toMatchObject([{ sha256: missing, kind: 'missing' }])
    expect(after.neverVerified).toBe(1)
    expect(lines).toHaveLength(2)
    process.stdout.write('scrub: 5 blobs read, 2 of 2 faults found, 0 removed\n')
  })

  test('a pass that a stopped worker began is finished by the next, each blob once', async () => {
    const names = await several(20)
    const read: string[] = []
    const stopping = new AbortController()
    const stream: BlobStore['stream'] = (area, sha256) => {
      read.push(sha256)
      if (read.length === 7) stopping.abort()
      return blobs.stream(area, sha256)
    }
    await care({ blobs: { stream } }).runDue(stopping.signal)
    expect(read).toHaveLength(7)
    expect((await health()).scrub).toMatchObject({ now: { blobs: 7 } })
    await care({ blobs: { stream } }).runDue(signal)
    expect(read.toSorted()).toEqual(names.toSorted())
    expect((await health()).neverVerified).toBe(0)
  })

  test('two workers at once: each blob is read once', async () => {
    const names = await several(20)
    const read: string[] = []
    const stream: BlobStore['stream'] = (area, sha256) => {
      read.push(sha256)
      return blobs.stream(area, sha256)
    }
    const both = [care({ blobs: { stream } }), care({ blobs: { stream } })]
    await Promise.all(both.map((each) => each.runDue(signal)))
    expect(read.toSorted()).toEqual(names.toSorted())
  })

  test('what a killed worker held is free when its lease ends', async () => {
    await archived()
    await sql.query(
      `update storage_duty set leased_until = now() + interval '10 minutes', pass_started_at = now()`,
    )
    await care().runDue(signal)
    expect((await health()).neverVerified).toBe(1)
    await sql.query(`update storage_duty set leased_until = now() - interval '1 second'`)
    await care().runDue(signal)
    expect((await health()).neverVerified).toBe(0)
  })

  test('it reads no faster than it may', async () => {
    await several(5)
    const storage = care({ scrubBytesPerSecond: 100, portionBlobs: 2 })
    await storage.runDue(signal)
    await storage.runDue(signal)
    expect((await health()).scrub.now).toMatchObject({ blobs: 2, bytes: 10_000 })
    const { rows } = await sql.query<{ wait: number }>(
      `select extract(epoch from due_at - now())::float8 as wait from storage_duty where name = 'scrub'`,
    )
    expect(rows[0]?.wait).toBeGreaterThan(50)
    expect(rows[0]?.wait).toBeLessThanOrEqual(100)
  })

  test('a store that does not answer is no finding', async () => {
    await archived()
    const stream: BlobStore['stream'] = () => {
      throw new PandokError('STORAGE_UNAVAILABLE')
    }
    await expect(care({ blobs: { stream } }).runDue(signal)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    expect((await health()).openFindings).toBe(0)
  })
})

describe('orphans', () => {
  const put = async (area: BlobArea) => (await blobs.put(area, piecesOf(randomBytes(100)))).sha256
  /** The named ones came long ago. */
  const aged = (old: readonly string[], ms: number): Partial<BlobStore> => ({
    storedAt: async (area, sha256) => {
      const at = await blobs.storedAt(area, sha256)
      return at !== undefined && old.includes(sha256) ? new Date(at.getTime() - ms) : at
    },
  })

  test.each(['quarantine', 'incoming', 'staging'] as const)(
    '%s: an old one goes, a young one stays',
    async (area) => {
      const [old, young] = [await put(area), await put(area)]
      await care({ blobs: aged([old], 7 * HOUR) }).runDue(signal)
      expect(await blobs.size(area, old)).toBeUndefined()
      expect(await blobs.size(area, young)).toBe(100)
    },
  )

  test('what an upload waits for stays, however old', async () => {
    await api.as('admin').putMember({
      params: { projectKey: 'kept', username: 'kim' },
      body: { roles: ['data-manager'] },
    })
    const upload = await api.as('kim').createUpload({ params: { projectKey: 'kept' }, body: {} })
    const sha256 = await put('quarantine')
    await sql.query(
      'insert into upload_file (upload_id, sha256, byte_count) values ($1, $2, 100)',
      [upload.id, sha256],
    )
    await care({ blobs: aged([sha256], 100 * HOUR) }).runDue(signal)
    expect(await blobs.size('quarantine', sha256)).toBe(100)
  })

  test('archive: reported, not removed; resolved when a row is there', async () => {
    const orphan = await put('archive')
    const kept = await archived()
    const storage = care({ blobs: aged([orphan, kept], 100 * HOUR) })
    await storage.runDue(signal)
    expect((await health()).findings).toMatchObject([{ sha256: orphan, kind: 'orphan' }])
    expect(await blobs.size('archive', orphan)).toBe(100)
    await sql.query('update instance set sha256 = $1', [orphan])
    await dueAgain()
    await storage.runDue(signal)
    const kinds = (await health()).findings.map(({ sha256, kind }) => `${sha256} ${kind}`)
    expect(kinds).toEqual([`${kept} orphan`])
  })

  test('what can be made again goes after a month, with its rows', async () => {
    const [old, young] = [await put('derived'), await put('derived')]
    await sql.query(
      `insert into derived_blob (source_sha256, form, sha256, byte_count)
       select sha256, '1.2', sha256, 100 from unnest($1::text[]) sha256`,
      [[old, young]],
    )
    await care({ blobs: aged([old], 31 * 24 * HOUR) }).runDue(signal)
    expect(await blobs.size('derived', old)).toBeUndefined()
    const rows = await sql.query<{ sha256: string }>('delete from derived_blob returning sha256')
    expect(rows.rows).toEqual([{ sha256: young }])
    const again = await put('derived')
    await dueAgain()
    await care({ blobs: aged([again], 29 * 24 * HOUR) }).runDue(signal)
    expect(await blobs.size('derived', again)).toBe(100)
  })
})

describe('what is tidied hourly', () => {
  beforeAll(async () => {
    await api.as('admin').putMember({
      params: { projectKey: 'kept', username: 'lee' },
      body: { roles: ['data-manager'] },
    })
  })
  const begun = async () =>
    (await api.as('lee').createUpload({ params: { projectKey: 'kept' }, body: {} })).id

  test.each([
    ['quarantine', 'received', 'receiving'],
    ['staging', 'clean', 'awaiting-qc'],
  ] as const)(
    '%s: a row that waits for a blob that is gone is found',
    async (area, file, upload) => {
      const uploadId = await begun()
      const bytes = randomBytes(100)
      const { sha256 } = await blobs.put(area, piecesOf(bytes))
      await sql.query(
        `insert into upload_file (upload_id, sha256, byte_count, status, instance)
       values ($1, $2, 100, $3, '{}')`,
        [uploadId, sha256, file],
      )
      await sql.query('update upload set status = $2 where id = $1', [uploadId, upload])
      const findings = async () => {
        await dueAgain()
        await care().runDue(signal)
        return (await health()).findings.map(({ foundAt: _foundAt, ...finding }) => finding)
      }
      expect(await findings()).toEqual([])
      await blobs.remove(area, sha256)
      expect(await findings()).toEqual([{ area, sha256, kind: 'missing' }])
      expect(await findings()).toHaveLength(1)
      expect(lines).toMatchObject([{ code: 'BLOB_MISSING', area }])
      await blobs.put(area, piecesOf(bytes))
      expect(await findings()).toEqual([])
      // Nobody waits for it any more.
      await blobs.remove(area, sha256)
      expect(await findings()).toHaveLength(1)
      await sql.query(`update upload set status = 'rejected' where id = $1`, [uploadId])
      expect(await findings()).toEqual([])
    },
  )

  test('parts that nobody goes on with for a week go, though no upload closes', async () => {
    const uploadId = await begun()
    const parts = [await blobs.put('incoming', piecesOf(randomBytes(100)))]
    parts.push(await blobs.put('incoming', piecesOf(randomBytes(100))))
    for (const [at, { sha256 }] of parts.entries()) {
      await sql.query(
        `with file as (
           insert into upload_unfinished (upload_id, sha256, byte_count, offset_bytes, changed_at)
           values ($1, $2, 1000, 100, now() - $3 * interval '1 day'))
         insert into upload_part (upload_id, sha256, offset_bytes, byte_count, part_sha256)
         values ($1, $2, 0, 100, $2)`,
        [uploadId, sha256, at === 0 ? 8 : 6],
      )
    }
    await api.app.storage.runDue(signal)
    const sizes = await Promise.all(parts.map(({ sha256 }) => blobs.size('incoming', sha256)))
    expect(sizes).toEqual([undefined, 100])
    const { rows } = await sql.query('select from upload_unfinished where upload_id = $1', [
      uploadId,
    ])
    expect(rows).toHaveLength(1)
  })

  test('history of jobs older than its days goes; what failed or is young stays', async () => {
    await sql.query(
      `insert into job_worker (id, pool, session, host, pid, ended_at, is_lost)
       select gen_random_uuid(), 'p' || n, 's', 'h', 1, now() - interval '200 days', false
         from generate_series(1, 2) n`,
    )
    await sql.query(
      `insert into job (name, payload, state, reason, worker_id, finished_at)
       select name, '{}', state, reason, (select id from job_worker where pool = pool_name),
              now() - days * interval '1 day'
         from (values ('old done', 'done', null, 'p1', 181), ('old cancelled', 'cancelled', null, null, 181),
                      ('young', 'done', null, null, 179), ('old failed', 'failed', 'CODE', 'p2', 400))
              as job (name, state, reason, pool_name, days)`,
    )
    await dueAgain()
    await api.app.storage.runDue(signal)
    const jobs = await sql.query<{ name: string }>(
      `select name from job where name in ('old done', 'old cancelled', 'young', 'old failed')`,
    )
    expect(jobs.rows.map(({ name }) => name).sort()).toEqual(['old failed', 'young'])
    const workers = await sql.query<{ pool: string }>('select pool from job_worker order by pool')
    expect(workers.rows).toEqual([{ pool: 'p2' }])
    const audited = await sql.query<{ details: unknown }>(
      `select details from audit_event where action = 'job:jobs.purge'`,
    )
    expect(audited.rows).toEqual([{ details: { jobs: 2, workers: 1, afterDays: 180 } }])
  })

  test('a chore that fails keeps none of the others from being done', async () => {
    const done: string[] = []
    const chores = [
      { name: 'broken', run: () => Promise.reject(new PandokError('CONFLICT')) },
      {
        name: 'other',
        run: () => {
          done.push('other')
          return Promise.resolve()
        },
      },
    ]
    await care({ chores }).runDue(signal)
    expect(done).toEqual(['other'])
    expect(lines).toEqual([{ chore: 'broken', error: 'CONFLICT' }])
  })
})

test.each([
  ['nobody else', 'kim', 'FORBIDDEN'],
  ['an administrator', 'admin', 'done'],
])('the health of storage is for %s', async (_title, username, answer) => {
  const asked = api.as(username).getStorageHealth({ params: {} })
  const code = await asked.then(
    () => 'done',
    (error: unknown) => (error instanceof PandokError ? error.code : 'other'),
  )
  expect(code).toBe(answer)
})
