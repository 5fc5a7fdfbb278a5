/**
 * F2: workers are killed at every stage boundary of the work on an upload, and stopped for longer than
 * their lease. Others go on: each file ends in one output, the very same, and nothing is done twice.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePhantom } from '../phantom/index.ts'
import {
  type Hold,
  holdBlobs,
  holdLocks,
  pause,
  stopChildren,
  untilTrue,
} from '../support/holds.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { childrenOf, startProcess, type TestProcess } from '../support/processes.ts'
import { partOf, stow } from '../support/stow.ts'
import { PROJECT } from '../support/workflow.ts'

const CYCLES = process.env['PANDOK_FAULTS'] === 'long' ? 50 : 1
/** Two, and one more whose workers always die: together they are at every boundary. */
const UPLOADS = 2
const SLICES = 2
const LEASE_SECONDS = 2
/** With this lease a few seconds on a machine that does nothing else. */
const RESUMED_WITHIN_MS = 60_000
const WORKER = { JOB_LEASE_SECONDS: String(LEASE_SECONDS), WORKER_CONCURRENCY: '6' }

const CHECK = 'deidentification.check'
const STORE = 'archive.store'

let pandok: TestInstallation
let db: pg.Pool
let seed = 100

beforeAll(async () => {
  pandok = await startTestInstallation({ hasWorker: false, env: WORKER })
  db = new pg.Pool({ connectionString: pandok.databaseUrl, max: 3 })
})
afterAll(async () => {
  for (const each of started) await each.kill()
  await db.end()
  await pandok.stop()
})

interface Sent {
  readonly id: string
  readonly files: readonly Uint8Array[]
  readonly sources: readonly string[]
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const rows = async <T extends pg.QueryResultRow>(sql: string, ...values: unknown[]) =>
  (await db.query<T>(sql, values)).rows

/** Identified files by STOW-RS, in an upload of their own that waits for a worker. */
async function send(files: readonly Uint8Array[]): Promise<Sent> {
  const token = await pandok.tokenOf('data-manager')
  const url = `${pandok.url}/dicomweb/projects/${PROJECT.projectKey}/studies`
  expect((await stow(url, token, files.map(partOf))).status).toBe(200)
  const manager = pandok.as('data-manager')
  const { items } = await manager.listUploads({ params: PROJECT })
  const id = items.find(({ status }) => status === 'receiving')?.id ?? ''
  const sources = files.map(hashOf)
  await manager.completeUpload({ params: { uploadId: id }, body: { sha256s: sources } })
  return { id, files, sources }
}
const sendPhantom = () =>
  send(makePhantom({ seed: seed++, size: 32, slices: SLICES }).files.map(({ bytes }) => bytes))

/** A place in a job at which an upload is held until the worker is dead. */
type Boundary = (upload: Sent) => Promise<Hold>

const jobRow =
  (name: string): Boundary =>
  ({ id }) =>
    holdLocks(
      pandok.databaseUrl,
      'select from job where subject_id = $1 and name = $2 for update',
      [id, name],
    )
const uploadRow: Boundary = ({ id }) =>
  holdLocks(pandok.databaseUrl, 'select from upload where id = $1 for update', [id])
const fileRows: Boundary = ({ id }) =>
  holdLocks(pandok.databaseUrl, 'select from upload_file where upload_id = $1 for update', [id])
const sourceBlobs: Boundary = ({ sources }) => holdBlobs(pandok.databaseUrl, sources)
const outputBlobs: Boundary = async ({ id }) => holdBlobs(pandok.databaseUrl, await outputsOf(id))

/** Reached when the second is: taken while the first one still holds. */
async function after(first: Boundary, second: Boundary, upload: Sent): Promise<Hold> {
  const before = await first(upload)
  let then: Hold | undefined
  const reached = before.reached.then(async () => {
    then = await second(upload)
    await before.release()
    await then.reached
  })
  reached.catch(() => undefined)
  return {
    reached,
    release: async () => {
      await before.release()
      await then?.release()
    },
  }
}

const AT: Readonly<Record<string, Boundary>> = {
  'check: claim': jobRow(CHECK),
  'check: written and put, not committed': uploadRow,
  'check: committed, quarantine not deleted': sourceBlobs,
  'check: quarantine deleted, not finished': (upload) => after(sourceBlobs, uploadRow, upload),
  'look: looked at, not committed': uploadRow,
  'store: claim': jobRow(STORE),
  'store: put, index not committed': fileRows,
  'store: index committed, staging not deleted': outputBlobs,
  'store: staging deleted, not finished': (upload) => after(outputBlobs, uploadRow, upload),
}
const CHECKS = Object.keys(AT).filter((each) => /^check: (?!claim)/.test(each))
const STORES = Object.keys(AT).filter((each) => /^store: (index|staging)/.test(each))
const rotated = <T>(all: readonly T[], by: number, count: number): T[] =>
  Array.from({ length: count }, (_, at) => all[(at + by) % all.length] as T)

const outputsOf = async (id: string) =>
  (
    await rows<{ sha256: string }>(
      'select sha256 from upload_file where upload_id = $1 and is_output order by sha256',
      id,
    )
  ).map(({ sha256 }) => sha256)

function filesIn(area: string): string[] {
  try {
    return readdirSync(join(pandok.data, 'blobs', area), { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name))
  } catch {
    return []
  }
}
const wholeIn = (area: string) => filesIn(area).filter((path) => !path.includes('.parts'))

const deaths = new Map<string, number>()
const died = (where: string, count = 1) => deaths.set(where, (deaths.get(where) ?? 0) + count)
let slowestMs = 0

const started = new Set<TestProcess>()

/** Workers one after another; the next begins where the last one died. */
class Line {
  worker: TestProcess | undefined
  private diedAt = 0
  private children: number[] = []

  /** `isResuming`: until the jobs of `uploads` that have not ended are at work again. */
  async start(uploads: readonly Sent[], isResuming = true): Promise<void> {
    const worker = startProcess('worker')
    this.worker = worker
    started.add(worker)
    if (!isResuming) return
    await untilTrue(
      async () => {
        const left = await rows(
          `select from job left join job_worker w on w.id = job.worker_id
            where job.subject_id = any($1) and job.state in ('queued', 'running')
              and job.name !~ '^intake'
              and (job.state = 'queued' or w.pid <> $2)`,
          uploads.map(({ id }) => id),
          worker.pid,
        )
        return left.length === 0
      },
      `jobs resumed; ${worker.said().slice(-1000)}`,
    )
    slowestMs = Math.max(slowestMs, performance.now() - this.diedAt)
    await untilTrue(() => !this.children.some(isAlive), 'children of a dead worker end')
  }

  async kill(): Promise<void> {
    if (this.worker === undefined) return
    this.children = childrenOf(this.worker.pid)
    await this.worker.kill()
    this.diedAt = performance.now()
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Takes the locks before anybody is at work. */
async function holdAll(uploads: readonly Sent[], where: readonly string[]) {
  const holds = await Promise.all(
    uploads.map((upload, at) => {
      const boundary = AT[where[at] ?? '']
      if (boundary === undefined) throw new Error(`no boundary ${where[at]}`)
      return boundary(upload)
    }),
  )
  return {
    reached: async () => {
      await Promise.all(holds.map(({ reached }) => reached))
      for (const each of where) died(each)
    },
    release: async () => {
      await Promise.all(holds.map(({ release }) => release()))
    },
  }
}

const statusOf = async (id: string) =>
  (await rows<{ status: string }>('select status from upload where id = $1', id))[0]?.status
const untilAll = (uploads: readonly Sent[], status: string) =>
  untilTrue(
    async () =>
      (await Promise.all(uploads.map(({ id }) => statusOf(id)))).every((s) => s === status),
    `all uploads ${status}`,
  )

/** A job is ended a moment after what it did is there. */
const untilJobsEnded = (uploads: readonly Sent[]) =>
  untilTrue(async () => {
    const open = await rows(
      `select from job where subject_id = any($1) and name !~ '^intake'
          and state in ('queued', 'running')`,
      uploads.map(({ id }) => id),
    )
    return open.length === 0
  }, 'all jobs ended')

test.each(Array.from({ length: CYCLES }, (_, cycle) => cycle))(
  'F2: killed at every boundary, cycle %i',
  async (cycle) => {
    const uploads: Sent[] = []
    while (uploads.length < UPLOADS) uploads.push(await sendPhantom())
    const doomed = await sendPhantom()
    const all = [...uploads, doomed]
    const written = 'check: written and put, not committed'
    const [first, ...others] = rotated(uploads, cycle, UPLOADS) as [Sent, ...Sent[]]
    const line = new Line()
    // Deaths of the check: first while it is claimed or a child works, then further on.
    let holds = await holdAll([first], ['check: claim'])
    await line.start(all, false)
    let stopped = await stopChildren(line.worker?.pid ?? 0, 'check-child', others.length + 1)
    died('check: child at work', stopped.count)
    await holds.reached()
    await line.kill()
    stopped.release()
    await holds.release()
    holds = await holdAll(all, [...rotated(CHECKS, cycle + 1, UPLOADS), written])
    await line.start(all)
    await holds.reached()
    await line.kill()
    await holds.release()
    // Of the look; one upload still dies in its check.
    holds = await holdAll([doomed], [written])
    await line.start(all)
    stopped = await stopChildren(line.worker?.pid ?? 0, 'text-child', uploads.length)
    await holds.reached()
    died('look: child at work', stopped.count)
    await line.kill()
    stopped.release()
    await holds.release()
    holds = await holdAll(uploads, Array(UPLOADS).fill('look: looked at, not committed'))
    await line.start(all)
    await holds.reached()
    await line.kill()
    await holds.release()
    await line.start(all)
    await untilAll(uploads, 'awaiting-qc')
    await untilAll([doomed], 'failed')
    await untilJobsEnded(all)
    await line.kill()
    // Of the archive's.
    for (const { id } of uploads) {
      await pandok
        .as('data-manager')
        .decideQc({ params: { uploadId: id }, body: { decision: 'approve' } })
    }
    holds = await holdAll(
      [first, ...others],
      ['store: claim', ...others.map(() => 'store: put, index not committed')],
    )
    await line.start(all, false)
    await holds.reached()
    await line.kill()
    await holds.release()
    holds = await holdAll(uploads, rotated(STORES, cycle, UPLOADS))
    await line.start(all)
    await holds.reached()
    await line.kill()
    await holds.release()
    await line.start(all)
    await untilAll(uploads, 'archived')
    await untilJobsEnded(all)
    await line.kill()
    await judge(uploads, doomed)
  },
  600_000,
)

/** Once each, the same bytes, nothing left over; and the one whose workers always died says so. */
async function judge(uploads: readonly Sent[], doomed: Sent): Promise<void> {
  const ids = uploads.map(({ id }) => id)
  const jobs = await rows<{ name: string; state: string; attempts: number; reason: string | null }>(
    `select name, state, attempts, reason from job
      where subject_id = any($1) and name !~ '^intake' order by name`,
    [...ids, doomed.id],
  )
  const failed = jobs.filter(({ state }) => state === 'failed')
  expect(failed).toMatchObject([{ name: CHECK, attempts: 4, reason: 'JOB_WORKER_DIED' }])
  expect(
    jobs.filter(({ state }) => state !== 'failed').every(({ state }) => state === 'done'),
  ).toBe(true)
  for (const { attempts } of jobs) expect(attempts).toBeGreaterThan(1)

  const files = await rows<{ upload_id: string; sha256: string; cleaned_sha256: string }>(
    `select upload_id, sha256, cleaned_sha256 from upload_file
      where upload_id = any($1) and not is_output`,
    ids,
  )
  const instances = await rows<{ sha256: string; byte_count: string }>(
    'select sha256 from instance where sha256 = any($1)',
    files.map(({ cleaned_sha256 }) => cleaned_sha256),
  )
  expect(files).toHaveLength(uploads.length * SLICES)
  expect(new Set(files.map(({ cleaned_sha256 }) => cleaned_sha256)).size).toBe(files.length)
  expect(instances).toHaveLength(files.length)
  for (const { sha256 } of instances) {
    const path = join(pandok.data, 'blobs/archive', sha256.slice(0, 2), sha256)
    expect(hashOf(readFileSync(path))).toBe(sha256)
  }
  // What was done, was told of once, and counted once.
  const told = await rows<{ count: number }>(
    `select count(*)::int as count from audit_event
      where object_id = any($1) and action ~ '^job:' group by object_id, action`,
    [...ids, doomed.id],
  )
  expect(told.map(({ count }) => count)).toEqual(Array(uploads.length * 3 + 1).fill(1))
  const reports = await rows<{ files: number }>(
    `select (report->>'files')::int as files from upload where id = any($1)`,
    ids,
  )
  expect(reports.map(({ files }) => files)).toEqual(uploads.map(() => SLICES))
  const cases = await rows(
    `select count(*) from case_study cs join study s on s.id = cs.study_id
       join series se on se.study_id = s.id join instance i on i.series_id = se.id
      where i.sha256 = any($1) group by cs.case_id`,
    instances.map(({ sha256 }) => sha256),
  )
  expect(cases).toHaveLength(uploads.length)
  // Of the dead letter: put, and told of by no row.
  expect(wholeIn('staging')).toHaveLength(SLICES)
  expect(wholeIn('quarantine').map(nameOf).toSorted()).toEqual(await neededOf(doomed))

  // The same files once more, with nobody killed: the same bytes.
  const again = await send(uploads.flatMap(({ files: own }) => own))
  const calm = startProcess('worker')
  started.add(calm)
  await untilTrue(async () => (await statusOf(again.id)) === 'awaiting-qc', 'the same once more')
  const expected = await rows<{ sha256: string; cleaned_sha256: string }>(
    `select sha256, cleaned_sha256 from upload_file where upload_id = $1 and not is_output`,
    again.id,
  )
  const outputOf = new Map(files.map((each) => [each.sha256, each.cleaned_sha256]))
  const others = expected.filter((each) => outputOf.get(each.sha256) !== each.cleaned_sha256)
  expect([expected.length, others]).toEqual([files.length, []])
  // A person starts the dead letter again, and it is as if nothing had been.
  const { items } = await pandok
    .as('data-manager')
    .listJobs({ params: PROJECT, query: { state: 'failed' } })
  const [letter] = items
  expect(letter).toMatchObject({ canRetry: true, reason: 'JOB_WORKER_DIED' })
  await pandok.as('data-manager').retryJob({ params: { jobId: letter?.id ?? '' }, body: {} })
  await untilAll([doomed], 'awaiting-qc')
  await pandok
    .as('data-manager')
    .decideQc({ params: { uploadId: doomed.id }, body: { decision: 'reject' } })
  await pandok
    .as('data-manager')
    .decideQc({ params: { uploadId: again.id }, body: { decision: 'reject' } })
  await calm.kill()
  expect([...wholeIn('staging'), ...wholeIn('quarantine')]).toEqual([])
  const total = [...deaths.values()].reduce((sum, count) => sum + count, 0)
  process.stdout.write(
    `worker deaths: ${total} attempts died (${[...deaths].map(([where, count]) => `${where} ${count}`).join(', ')}); ` +
      `${files.length} files: 0 lost, 0 half-visible, 0 done twice, ${others.length} with other bytes; ` +
      `at work again after ${(slowestMs / 1000).toFixed(1)} s at most with a lease of ${LEASE_SECONDS} s\n`,
  )
  expect(slowestMs).toBeLessThan(RESUMED_WITHIN_MS)
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

/** Blobs of quarantine that a file of the upload waits for. */
async function neededOf({ id }: Sent): Promise<string[]> {
  const found = await rows<{ sha256: string }>(
    `select sha256 from upload_file where upload_id = $1 and status = 'received' order by sha256`,
    id,
  )
  return found.map(({ sha256 }) => sha256)
}

test('F2: a worker that was stopped for longer than its lease does nothing twice', async () => {
  const [checked, stored] = [await sendPhantom(), await sendPhantom()]
  const first = startProcess('worker')
  started.add(first)
  await untilAll([checked, stored], 'awaiting-qc')
  await untilJobsEnded([checked, stored])
  await first.kill()
  const decideQc = (uploadId: string, decision: 'approve' | 'reject') =>
    pandok.as('data-manager').decideQc({ params: { uploadId }, body: { decision } })
  await decideQc(checked.id, 'reject')
  await decideQc(stored.id, 'approve')
  const fresh = await sendPhantom()
  const hold = await holdAll([stored], ['store: put, index not committed'])
  const zombie = startProcess('worker')
  started.add(zombie)
  const children = await stopChildren(zombie.pid, 'check-child', 1)
  await hold.reached()
  zombie.signal('SIGSTOP')
  // Its children work on and tell nobody.
  children.release()
  await hold.release()
  const other = startProcess('worker')
  started.add(other)
  await untilAll([fresh], 'awaiting-qc')
  await untilAll([stored], 'archived')
  await untilJobsEnded([fresh, stored])
  const before = await everything()
  zombie.signal('SIGCONT')
  const code = await Promise.race([zombie.ended, pause(20_000).then(() => 'alive')])
  await pause(500)
  expect(await everything()).toEqual(before)
  await other.kill()
  process.stdout.write(
    `a worker stopped for longer than its lease, at 2 jobs: it ended with ${String(code)}, ` +
      '0 rows, 0 entries and 0 blobs changed by it\n',
  )
  // Whoever runs it starts it again.
  expect(code).toBe(1)
}, 300_000)

/** Rows and blobs that a second run of a job would change. */
async function everything() {
  const tables = [
    'upload',
    'upload_file',
    'instance',
    'study',
    'case_study',
    'audit_event',
    'pixel_look',
  ]
  const contents: Record<string, unknown> = {}
  for (const table of tables) contents[table] = await rows(`select * from ${table} order by 1, 2`)
  for (const area of ['quarantine', 'staging', 'archive']) contents[area] = wholeIn(area).toSorted()
  return contents
}
