/** Jobs on the real queue: what becomes of them, whose they are, in which order they come. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { startTestApi, type TestApi } from '../../../../test/support/api.ts'
import { type Database, openDatabase } from '../database.ts'
import type { Actor } from '../http/handler.ts'
import {
  AS_IT_IS,
  addJob,
  createJobService,
  defineJob,
  fenced,
  type Job,
  PostponeJob,
  QueueEnded,
  startWorker,
} from './index.ts'
import { createProgressWriter } from './progress.ts'

const quiet = () => undefined
const LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const LEASE_MS = 1_200

let api: TestApi
let db: Database
let actor: Actor
const projects: { id: string; key: string }[] = []

beforeAll(async () => {
  api = await startTestApi()
  db = fenced(openDatabase({ url: api.databaseUrl, poolSize: 4 }))
  for (const key of ['alpha', 'beta']) {
    const made = await api.as('admin').createProject({
      params: {},
      body: { key, nameEn: key, nameKo: key, pseudonymFormat: { prefix: 'S', digits: 4 } },
    })
    projects.push({ id: await idOf(made.key), key })
  }
  const me = await api.as('admin').getMe({ params: {} })
  actor = { id: me.id, username: 'admin', displayName: 'admin', isAdmin: true }
})

afterAll(async () => {
  await db.close()
  await api.stop()
})

async function ownProject() {
  const key = `p-${randomUUID().slice(0, 8)}`
  await api.as('admin').createProject({
    params: {},
    body: { key, nameEn: key, nameKo: key, pseudonymFormat: { prefix: 'S', digits: 4 } },
  })
  return { key, id: await idOf(key) }
}

async function idOf(key: string): Promise<string> {
  const row = await db.one(z.object({ id: z.string() }), 'select id from project where key = $1', [
    key,
  ])
  return row.id
}

/** One kind of job whose handler the test gives. */
function kind(parts: Partial<Pick<Job, 'handle' | 'giveUp' | 'retry'>> = {}): Job {
  return defineJob({
    name: `test.${randomUUID()}`,
    payload: z.object({ thingId: z.string() }),
    handle: () => Promise.resolve(),
    giveUp: () => Promise.resolve(),
    ...parts,
  })
}

const enqueue = (job: Job, projectId: string | null = projects[0]?.id ?? null) =>
  db.transaction((tx) => addJob(tx, job.name, { thingId: randomUUID() }, projectId))

const workerOf = (job: Job, concurrency = 2, leaseMs = LEASE_MS) =>
  startWorker({
    databaseUrl: api.databaseUrl,
    concurrency,
    leaseMs,
    retryMs: 20,
    jobs: [job],
    log: LOG,
  })

const JobRow = z.object({
  state: z.string(),
  attempts: z.number(),
  reason: z.string().nullable(),
  progress: z.unknown(),
})
const rowOf = (id: string) =>
  db.one(JobRow, 'select state, attempts, reason, progress from job where id = $1', [id])

async function ended(id: string): Promise<z.output<typeof JobRow>> {
  await expect
    .poll(async () => (await rowOf(id)).state, { timeout: 15_000, interval: 20 })
    .toMatch(/done|failed|cancelled/)
  // The queue forgets what has ended.
  await expect
    .poll(
      async () =>
        await db.many(
          z.object({ key: z.string() }),
          'select key from graphile_worker.jobs where key = $1',
          [id],
        ),
      { timeout: 5_000, interval: 20 },
    )
    .toEqual([])
  return await rowOf(id)
}

describe('what becomes of a job', () => {
  test('a transaction that fails leaves none', async () => {
    const job = kind()
    await expect(
      db.transaction(async (tx) => {
        await addJob(tx, job.name, { thingId: 'x' }, null)
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    const rows = await db.many(
      z.object({ id: z.string() }),
      `select id::text from job where name = $1
       union all select id::text from graphile_worker.jobs where task_identifier = $1`,
      [job.name],
    )
    expect(rows).toEqual([])
  })

  test.each([
    { title: 'done at the first attempt', failures: 0, end: ['done', 1, null], gaveUp: 0 },
    { title: 'done at the third', failures: 2, end: ['done', 3, null], gaveUp: 0 },
    { title: 'failed after three', failures: 9, end: ['failed', 3, 'ENOSPC'], gaveUp: 1 },
  ])('$title', async ({ failures, end, gaveUp }) => {
    let runs = 0
    const givenUp = vi.fn(() => Promise.resolve())
    const job = kind({
      handle: () => {
        runs += 1
        if (runs <= failures) {
          return Promise.reject(Object.assign(new Error('full of 홍길동'), { code: 'ENOSPC' }))
        }
        return Promise.resolve()
      },
      giveUp: givenUp,
    })
    const worker = await workerOf(job)
    const id = await enqueue(job)
    const row = await ended(id)
    expect([row.state, row.attempts, row.reason]).toEqual(end)
    expect(givenUp).toHaveBeenCalledTimes(gaveUp)
    // What went before the latest attempt is told; the latest is the job itself.
    const told = await createJobService({ db, jobs: () => [job] }).get(id)
    const before = Array.from({ length: Math.min(failures, 2) }, () => 'ENOSPC')
    expect(told.pastAttempts.map(({ reason }) => reason)).toEqual(before)
    expect(told.pastAttempts.every(({ worker }) => worker.pid === process.pid)).toBe(true)
    await worker.stop()
  })

  test('one that the queue held before there was a history is done too', async () => {
    const handle = vi.fn(() => Promise.resolve())
    const job = kind({ handle })
    await db.run(`select graphile_worker.add_job($1, '{"thingId": "old"}'::json)`, [job.name])
    const worker = await workerOf(job)
    await expect.poll(() => handle.mock.calls.length, { timeout: 10_000 }).toBe(1)
    const { id } = await db.one(
      z.object({ id: z.string() }),
      `select id from job where name = $1 and subject_id = 'old'`,
      [job.name],
    )
    expect(await ended(id)).toMatchObject({ state: 'done', attempts: 1 })
    await worker.stop()
  })

  test('one that comes too early waits, and spends no attempt', async () => {
    let runs = 0
    const job = kind({
      handle: () => {
        runs += 1
        return runs <= 4 ? Promise.reject(new PostponeJob(0.01)) : Promise.resolve()
      },
    })
    const worker = await workerOf(job)
    const id = await db.transaction((tx) =>
      addJob(tx, job.name, { thingId: 'later' }, null, { afterSeconds: 0.2 }),
    )
    expect(await ended(id)).toMatchObject({ state: 'done', attempts: 1 })
    expect(runs).toBe(5)
    await worker.stop()
  })

  test('a job that cannot even be given up ends as failed, and says so', async () => {
    const job = kind({
      handle: () => Promise.reject(new Error('broken')),
      giveUp: () => Promise.reject(new Error('broken too')),
    })
    const id = await enqueue(job)
    // Tries enough lie behind it.
    await db.run('update job set attempts = 6 where id = $1', [id])
    const worker = await workerOf(job)
    expect(await ended(id)).toMatchObject({ state: 'failed', reason: 'JOB_GIVE_UP_FAILED' })
    await worker.stop()
  })

  test('progress: the last report is kept, and one write a second is made', async () => {
    const job = kind({
      handle: (_payload, _signal, report) => {
        for (let files = 0; files <= 1000; files++) report({ files, of: 1000, bytes: files })
        return Promise.resolve()
      },
    })
    const worker = await workerOf(job)
    expect((await ended(await enqueue(job))).progress).toEqual({
      files: 1000,
      of: 1000,
      bytes: 1000,
    })
    await worker.stop()
    const write = vi.fn(() => Promise.resolve())
    const progress = createProgressWriter(write)
    const end = performance.now() + 1_300
    for (let files = 0; performance.now() < end; files++) {
      progress.report({ files, of: 1 })
      await delay(1)
    }
    await progress.close()
    expect(write.mock.calls.length).toBeLessThanOrEqual(3)
  })
})

describe('what a person does', () => {
  const service = (job: Job) => createJobService({ db, jobs: () => [job] })

  test('cancels a queued job: it never runs, and is given up with JOB_CANCELLED', async () => {
    const handle = vi.fn(() => Promise.resolve())
    const giveUp = vi.fn((_payload: unknown, _error: unknown) => Promise.resolve())
    const job = kind({ handle, giveUp })
    const id = await enqueue(job)
    const shown = await service(job).cancel(actor, projects[0]?.id ?? '', id)
    expect(shown).toMatchObject({ state: 'queued', isCancelling: true, canCancel: false })
    const worker = await workerOf(job)
    expect(await ended(id)).toMatchObject({ state: 'cancelled', reason: 'JOB_CANCELLED' })
    expect(handle).not.toHaveBeenCalled()
    expect(giveUp.mock.calls[0]?.[1]).toMatchObject({ code: 'JOB_CANCELLED' })
    await expect(service(job).cancel(actor, projects[0]?.id ?? '', id)).rejects.toMatchObject({
      code: 'JOB_FINISHED',
    })
    await worker.stop()
  })

  test('cancels a running job: its signal fires', async () => {
    const begun = Promise.withResolvers<undefined>()
    const giveUp = vi.fn(() => Promise.resolve())
    const job = kind({
      handle: async (_payload, signal) => {
        begun.resolve(undefined)
        await delay(60_000, undefined, { signal })
      },
      giveUp,
    })
    const worker = await workerOf(job)
    const id = await enqueue(job)
    await begun.promise
    await service(job).cancel(actor, projects[0]?.id ?? '', id)
    expect(await ended(id)).toMatchObject({ state: 'cancelled', attempts: 1 })
    expect(giveUp).toHaveBeenCalledTimes(1)
    await worker.stop()
  })

  test('starts a dead letter again, or gives it up; both are in the audit', async () => {
    let isBroken = true
    const calls: string[] = []
    const note = (word: string) => () => {
      calls.push(word)
      return Promise.resolve()
    }
    const job = kind({
      handle: () => (isBroken ? Promise.reject(new Error('down')) : Promise.resolve()),
      giveUp: note('giveUp'),
      retry: { fail: note('fail'), revive: note('revive') },
    })
    const worker = await workerOf(job)
    const [first, second] = [await enqueue(job), await enqueue(job)]
    expect(await ended(first)).toMatchObject({ state: 'failed', reason: 'Error' })
    expect(await ended(second)).toMatchObject({ state: 'failed' })
    expect(calls).toEqual(['fail', 'fail'])
    expect(await service(job).get(first)).toMatchObject({ canRetry: true, canCancel: true })
    isBroken = false
    await service(job).retry(actor, projects[0]?.id ?? '', first)
    expect(await ended(first)).toMatchObject({ state: 'done', attempts: 1 })
    expect((await service(job).get(first)).pastAttempts.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 3 }, () => 'Error'),
    )
    await service(job).cancel(actor, projects[0]?.id ?? '', second)
    expect(await ended(second)).toMatchObject({ state: 'cancelled' })
    expect(calls).toEqual(['fail', 'fail', 'revive', 'revive', 'giveUp'])
    await expect(service(job).retry(actor, projects[0]?.id ?? '', first)).rejects.toMatchObject({
      code: 'JOB_NOT_RETRYABLE',
    })
    const audited = await db.many(
      z.object({ action: z.string() }),
      `select action from audit_event where object_id = any($1) order by action`,
      [[first, second]],
    )
    expect(audited.map(({ action }) => action)).toEqual(['cancelJob', 'retryJob'])
    await worker.stop()
  })

  test('pages: what runs or waits for a person first, then newest first; each once', async () => {
    const { key, id: projectId } = await ownProject()
    const [lost, again] = [kind(), kind({ retry: AS_IT_IS })]
    const jobs = createJobService({ db, jobs: () => [lost, again] })
    const ids = await db.transaction(async (tx) => {
      const made: string[] = []
      for (let at = 0; at < 12; at++) {
        const { name } = at % 2 === 0 ? lost : again
        made.push(await addJob(tx, name, { thingId: `${at}` }, projectId))
      }
      return made
    })
    const mark = (at: number, state: string) =>
      db.run(`update job set state = $2, reason = 'ENOSPC', finished_at = now() where id = $1`, [
        ids[at],
        state,
      ])
    await mark(0, 'failed')
    await mark(1, 'failed')
    await mark(2, 'done')
    const all = await jobs.ofProject(projectId, { limit: 500 })
    expect(all.items).toHaveLength(12)
    // The failed one that nobody can start again stands where its time puts it.
    expect(all.items.map(({ id }) => id).indexOf(ids[1] ?? '')).toBe(0)
    expect(all.items[0]).toMatchObject({ canRetry: true, projectKey: key })
    expect(all.nextBefore).toBeNull()
    const seen: string[] = []
    let before: string | undefined
    do {
      const page = await jobs.ofProject(projectId, { limit: 4, before })
      expect(page.counts).toEqual({ queued: 9, running: 0, failed: 2 })
      seen.push(...page.items.map(({ id }) => id))
      before = page.nextBefore ?? undefined
    } while (before !== undefined)
    expect(seen).toEqual(all.items.map(({ id }) => id))
    for (const [state, count] of [
      ['queued', 9],
      ['failed', 2],
      ['done', 1],
      ['cancelled', 0],
    ] as const) {
      expect((await jobs.ofProject(projectId, { state, limit: 500 })).items).toHaveLength(count)
    }
    await db.run('delete from graphile_worker._private_jobs where key = any($1)', [ids])
  })

  test("another project's job, and the installation's, are not there", async () => {
    const job = kind()
    const [id, global] = [await enqueue(job), await enqueue(job, null)]
    const jobs = service(job)
    for (const [project, jobId] of [
      [projects[1]?.id ?? '', id],
      [projects[0]?.id ?? '', global],
      [null, id],
    ] as const) {
      await expect(jobs.cancel(actor, project, jobId)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    }
    const { items } = await jobs.ofProject(projects[1]?.id ?? '', { limit: 100 })
    expect(items.filter((each) => each.name === job.name)).toEqual([])
    await jobs.cancel(actor, null, global)
  })

  test('over HTTP: by role', async () => {
    const admin = api.as('admin')
    const params = { projectKey: 'alpha' }
    for (const [username, role] of [
      ['auditor', 'auditor'],
      ['labeler', 'labeler'],
    ] as const) {
      await api.as(username).getMe({ params: {} })
      await admin.putMember({ params: { ...params, username }, body: { roles: [role] } })
    }
    const job = kind()
    const jobId = await enqueue(job)
    const of = (username: string) => api.as(username)
    expect((await of('auditor').listJobs({ params })).counts.queued).toBeGreaterThan(0)
    expect(await of('auditor').getJob({ params: { jobId } })).toMatchObject({ id: jobId })
    for (const refused of [
      () => of('auditor').cancelJob({ params: { jobId }, body: {} }),
      () => of('labeler').listJobs({ params }),
      () => of('labeler').listInstallationJobs({ params: {} }),
    ]) {
      await expect(refused()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    }
    await expect(of('stranger').getJob({ params: { jobId } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    expect(await admin.cancelJob({ params: { jobId }, body: {} })).toMatchObject({
      isCancelling: true,
    })
  })
})

test('projects take turns: two hundred jobs of one delay those of another by as many as they are', async () => {
  const order: string[] = []
  const job = kind({
    handle: (payload) => {
      order.push(z.object({ thingId: z.string() }).parse(payload).thingId)
      return Promise.resolve()
    },
  })
  const add = (projectId: string | null, name: string, count: number) =>
    db.transaction(async (tx) => {
      for (let at = 0; at < count; at++) await addJob(tx, job.name, { thingId: name }, projectId)
    })
  await add(projects[0]?.id ?? '', 'a', 200)
  await add(projects[1]?.id ?? '', 'b', 5)
  await add(null, 'c', 5)
  const worker = await workerOf(job, 1)
  await expect.poll(() => order.length, { timeout: 15_000, interval: 20 }).toBe(210)
  expect(order.lastIndexOf('b')).toBeLessThan(20)
  expect(order.lastIndexOf('c')).toBeLessThan(20)
  await worker.stop()
})

test('F18: 66 who claim at once do each of 1,200 jobs once, and pass none by', async () => {
  await db.run('create table if not exists effect (thing text not null)')
  const begun: string[] = []
  const job = kind({
    handle: async (payload) => {
      const { thingId } = z.object({ thingId: z.string() }).parse(payload)
      begun.push(thingId)
      await db.transaction(async (tx) => {
        await tx.run('insert into effect values ($1)', [thingId])
      })
    },
  })
  const count = 1_200
  await db.transaction(async (tx) => {
    for (let at = 0; at < count; at++) {
      await addJob(tx, job.name, { thingId: String(at) }, projects[at % 2]?.id ?? null)
    }
  })
  const started = performance.now()
  // One process has all of them, so beats may be late; each has up to 24 of the server's 100 connections.
  const workers = await Promise.all(Array.from({ length: 3 }, () => workerOf(job, 22, 30_000)))
  const left = () =>
    db.one(
      z.object({ count: z.number() }),
      `select count(*)::int as count from job where name = $1 and state <> 'done'`,
      [job.name],
    )
  // New ones keep coming: those that wait are not passed by.
  let added = 0
  while ((await left()).count > 0 && performance.now() - started < 40_000) {
    if (added < 200 && begun.length < count) {
      added += 20
      await db.transaction(async (tx) => {
        for (let at = 0; at < 20; at++) {
          await addJob(tx, job.name, { thingId: `late ${added + at}` }, null)
        }
      })
    }
    await delay(50)
  }
  const seconds = (performance.now() - started) / 1_000
  const [{ count: unfinished }, done] = [
    await left(),
    await db.many(
      z.object({ thing: z.string(), times: z.number() }),
      'select thing, count(*)::int as times from effect group by thing',
    ),
  ]
  const twice = done.filter(({ times }) => times > 1).length
  // By how many later ones a job was passed when it began.
  const early = begun.filter((each) => !each.startsWith('late')).map(Number)
  let [highest, passedBy] = [-1, 0]
  for (const at of early) {
    highest = Math.max(highest, at)
    passedBy = Math.max(passedBy, highest - at)
  }
  const attempts = await db.one(
    z.object({ most: z.number() }),
    'select max(attempts) as most from job where name = $1',
    [job.name],
  )
  process.stdout.write(
    `66 claimers in 3 workers: ${count + added} jobs, ${unfinished} lost, ${twice} done twice, ` +
      `none passed by more than ${passedBy} later ones, ${((count + added) / seconds).toFixed(0)} jobs/s\n`,
  )
  expect([done.length, unfinished, twice, attempts.most]).toEqual([count + added, 0, 0, 1])
  // Those that are claimed at the same moment begin in any order.
  expect(passedBy).toBeLessThan(128)
  await Promise.all(workers.map((worker) => worker.stop()))
})

test('F3: cut off while it forgets an ended job, the queue ends; another begins, and nothing is done twice', async () => {
  const gate = Promise.withResolvers<undefined>()
  const handle = vi.fn(async () => {
    await gate.promise
  })
  const job = kind({ handle })
  const worker = await workerOf(job)
  const fault = worker.done.catch((error: unknown) => error)
  const id = await enqueue(job)
  await expect.poll(() => handle.mock.calls.length, { timeout: 10_000 }).toBe(1)
  await db.transaction(async (tx) => {
    await tx.run('select from graphile_worker._private_jobs where key = $1 for update', [id])
    gate.resolve(undefined)
    const Pid = z.object({ pid: z.number() })
    await expect
      .poll(
        async () => {
          const waiting = await tx.many(
            Pid,
            'select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))',
          )
          for (const { pid } of waiting) await tx.run('select pg_terminate_backend($1)', [pid])
          return waiting.length
        },
        { timeout: 10_000, interval: 20 },
      )
      .toBeGreaterThan(0)
  })
  expect(await fault).toBeInstanceOf(QueueEnded)
  await worker.stop()
  const second = await workerOf(job)
  expect(await ended(id)).toMatchObject({ state: 'done', attempts: 1 })
  expect(handle).toHaveBeenCalledTimes(1)
  await second.stop()
})

describe('leases', () => {
  const jobIn = (state: string, id: string) =>
    expect.poll(async () => (await rowOf(id)).state, { timeout: 5_000, interval: 20 }).toBe(state)

  test('a crash of the database undoes a claim: the worker takes the job again, and its first attempt writes nothing', async () => {
    await db.run('create table undone_mark (by text not null)')
    const gate = Promise.withResolvers<undefined>()
    const seen: string[] = []
    let runs = 0
    const job = kind({
      handle: async () => {
        const run = runs++
        if (run === 0) await gate.promise
        try {
          await db.transaction((tx) =>
            tx.run('insert into undone_mark values ($1)', [`claim ${run}`]),
          )
          seen.push(`run ${run} wrote`)
        } catch (error) {
          seen.push(`run ${run}: ${error instanceof Error ? error.message : ''}`)
          throw error
        }
        // The first may not take the second's work for its own.
        if (run === 1) {
          gate.resolve(undefined)
          await expect.poll(() => seen.length, { timeout: 5_000 }).toBe(2)
        }
      },
    })
    const worker = await workerOf(job, 2)
    const id = await enqueue(job)
    await jobIn('running', id)
    // As if the commits of the claim, in the queue and in the history, had not reached the disk.
    await db.transaction(async (tx) => {
      await tx.run(
        `update job set state = 'queued', attempts = 0, worker_id = null, claim = null,
                started_at = null where id = $1`,
        [id],
      )
      await tx.run(
        `select graphile_worker.force_unlock_workers(array[locked_by])
           from graphile_worker.jobs where key = $1`,
        [id],
      )
    })
    expect(await ended(id)).toMatchObject({ state: 'done', attempts: 1 })
    expect(seen).toEqual(['run 1 wrote', 'run 0: JOB_LEASE_LOST'])
    await worker.stop()
  })

  test('a worker that lost its job finishes nothing of it; another does, once', async () => {
    await db.run('create table if not exists mark (by text not null)')
    const gates = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
    const seen: string[] = []
    let runs = 0
    const job = kind({
      handle: async () => {
        const run = runs++
        await gates[run]?.promise
        try {
          await db.transaction(async (tx) => {
            await tx.run('insert into mark values ($1)', [`run ${run}`])
          })
          seen.push(`run ${run} wrote`)
        } catch (error) {
          seen.push(`run ${run}: ${error instanceof Error ? error.message : ''}`)
          throw error
        }
      },
    })
    const first = await workerOf(job)
    // Its end rejects: the process would be started again.
    const fault = first.done.catch((error: unknown) => error)
    const id = await enqueue(job)
    await jobIn('running', id)
    // What a sweep notes of a worker that is silent; this one goes on all the same.
    await db.run(
      `update job_worker set ended_at = now(), is_lost = true
        where id = (select worker_id from job where id = $1)`,
      [id],
    )
    const second = await workerOf(job)
    await expect.poll(() => runs, { timeout: 15_000, interval: 20 }).toBe(2)
    gates[0]?.resolve(undefined)
    await expect.poll(() => seen.length).toBe(1)
    gates[1]?.resolve(undefined)
    expect(await ended(id)).toMatchObject({ state: 'done', attempts: 2 })
    expect(seen).toEqual(['run 0: JOB_LEASE_LOST', 'run 1 wrote'])
    expect(await db.many(z.object({ by: z.string() }), 'select by from mark')).toEqual([
      { by: 'run 1' },
    ])
    expect(await fault).toMatchObject({ code: 'JOB_LEASE_LOST' })
    await first.stop().catch(() => undefined)
    await second.stop()
  })

  test('a job whose worker died with each attempt fails with JOB_WORKER_DIED', async () => {
    const handle = vi.fn(() => Promise.resolve())
    const giveUp = vi.fn((_payload: unknown, _error: unknown) => Promise.resolve())
    const job = kind({ handle, giveUp })
    const id = await enqueue(job)
    const workerId = randomUUID()
    await db.run(
      `insert into job_worker (id, pool, session, host, pid, ended_at, is_lost)
       values ($1, $2, 'none', 'gone', 1, now(), true)`,
      [workerId, `pool-${workerId}`],
    )
    await db.run(
      `update job set state = 'running', attempts = 3, worker_id = $2, turn = null where id = $1`,
      [id, workerId],
    )
    const worker = await workerOf(job)
    expect(await ended(id)).toMatchObject({ state: 'failed', reason: 'JOB_WORKER_DIED' })
    expect(handle).not.toHaveBeenCalled()
    expect(giveUp.mock.calls[0]?.[1]).toMatchObject({ code: 'JOB_WORKER_DIED' })
    await worker.stop()
  })

  test('stopping waits for what runs, and takes nothing new', async () => {
    const begun = Promise.withResolvers<undefined>()
    const job = kind({
      handle: async () => {
        begun.resolve(undefined)
        await delay(300)
      },
    })
    const worker = await workerOf(job, 1)
    const [running, waiting] = [await enqueue(job), await enqueue(job)]
    await begun.promise
    await worker.stop()
    expect(await rowOf(running)).toMatchObject({ state: 'done' })
    expect(await rowOf(waiting)).toMatchObject({ state: 'queued', attempts: 0 })
  })
})
