/**
 * Background work on the embedded database, durable as it is delivered: how soon a job starts after the
 * commit that made it necessary, and how many a second one worker process does whose handler does
 * nothing. Beside it what the same database gives to bare statements in the same minute: a job cannot do
 * with fewer than three commits (made, begun, ended), so three are a round.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startPostgres } from 'pandok/postgres'
import { z } from 'zod'
import { type Database, openDatabase } from '../../api/src/platform/database.ts'
import { addJob, defineJob, startWorker } from '../../api/src/platform/jobs/index.ts'
import { migrate } from '../../api/src/platform/migrate.ts'
import { freePorts } from '../support/free-port.ts'
import { say } from './archive-setup.ts'

const JOBS = Number(process.env['BENCH_JOBS'] ?? 5_000)
const STARTS = 200
/** Jobs of one transaction, as one upload makes them. */
const MADE_AT_ONCE = 50
const LANES = 8
const CONCURRENCIES = [2, 8] as const

const quiet = () => undefined
const LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet }

export async function run(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pandok-bench-'))
  await chmod(directory, 0o711)
  const server = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePorts(1),
    password: randomBytes(12).toString('hex'),
    database: 'bench',
  })
  const db = openDatabase({ url: server.url, poolSize: LANES })
  try {
    await migrate(server.url)
    await measureStarts(db, server.url)
    for (const concurrency of CONCURRENCIES) await measureRate(db, server.url, concurrency)
  } finally {
    await db.close()
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function measureStarts(db: Database, databaseUrl: string): Promise<void> {
  const waiting = new Map<string, (at: number) => void>()
  const job = defineJob({
    name: 'bench.start',
    payload: z.object({ thingId: z.string() }),
    handle: ({ thingId }) => {
      waiting.get(thingId)?.(performance.now())
      return Promise.resolve()
    },
    giveUp: () => Promise.resolve(),
  })
  const worker = await workerOf(databaseUrl, job, 2)
  const [starts, rounds]: [number[], number[]] = [[], []]
  for (let at = -20; at < STARTS; at++) {
    // Not in step with anything that asks at intervals.
    await delay(5 + Math.random() * 30)
    const thingId = randomUUID()
    const started = new Promise<number>((resolve) => waiting.set(thingId, resolve))
    await db.transaction((tx) => addJob(tx, job.name, { thingId }, null))
    const committed = performance.now()
    const begun = await started
    const before = performance.now()
    await db.run('select 1')
    if (at < 0) continue
    // The worker may hear of the commit before the one who made it does.
    starts.push(Math.max(0, begun - committed))
    rounds.push(performance.now() - before)
  }
  await worker.stop()
  say(
    `jobs, from commit to start: p50 ${share(starts, 0.5)} ms, p95 ${share(starts, 0.95)} ms, ` +
      `p99 ${share(starts, 0.99)} ms; a bare round trip ${share(rounds, 0.5)} ms; ${machine()}`,
  )
}

async function measureRate(db: Database, databaseUrl: string, concurrency: number): Promise<void> {
  const all = Promise.withResolvers<undefined>()
  let ran = 0
  const job = defineJob({
    name: `bench.rate-${concurrency}`,
    payload: z.object({ thingId: z.string() }),
    handle: () => {
      if (++ran === JOBS) all.resolve(undefined)
      return Promise.resolve()
    },
    giveUp: () => Promise.resolve(),
  })
  const making = performance.now()
  const batches = Array.from({ length: JOBS / MADE_AT_ONCE })
  await inLanes(batches.length, () =>
    db.transaction(async (tx) => {
      for (let at = 0; at < MADE_AT_ONCE; at++) {
        await addJob(tx, job.name, { thingId: randomUUID() }, null)
      }
    }),
  )
  const made = perSecond(JOBS, making)
  const bareBefore = await bareRate(db)
  const began = performance.now()
  const worker = await workerOf(databaseUrl, job, concurrency)
  await all.promise
  await untilDone(db, job.name)
  const done = perSecond(JOBS, began)
  await worker.stop()
  const bare = (bareBefore + (await bareRate(db))) / 2
  const wrong = await db.one(
    z.object({ count: z.number() }),
    `select count(*)::int from job where name = $1 and (state <> 'done' or attempts <> 1)`,
    [job.name],
  )
  say(
    `jobs, one process, ${concurrency} at a time: ${done.toFixed(0)} jobs/s of ${JOBS} ` +
      `(${ran - JOBS} ran twice, ${wrong.count} not done), made ${made.toFixed(0)}/s; ` +
      `bare insert and two updates ${bare.toFixed(0)}/s, ratio ${(done / bare).toFixed(2)}; ${machine()}`,
  )
}

/** Rounds of three commits a second, over as many connections as a worker may have. */
async function bareRate(db: Database): Promise<number> {
  await db.run('create table if not exists bare (id uuid primary key, state text not null)')
  const rounds = 1_500
  const began = performance.now()
  await inLanes(rounds, async () => {
    const id = randomUUID()
    await db.run(`insert into bare values ($1, 'queued')`, [id])
    await db.run(`update bare set state = 'running' where id = $1`, [id])
    await db.run(`update bare set state = 'done' where id = $1`, [id])
  })
  return perSecond(rounds, began)
}

async function inLanes(count: number, work: () => Promise<unknown>): Promise<void> {
  let left = count
  const lane = async () => {
    while (left-- > 0) await work()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** The last handler has returned; its end is still to be recorded. */
async function untilDone(db: Database, name: string): Promise<void> {
  for (;;) {
    const open = await db.many(
      z.object({ id: z.string() }),
      `select id from job where name = $1 and state in ('queued', 'running') limit 1`,
      [name],
    )
    if (open.length === 0) return
    await delay(5)
  }
}

const workerOf = (databaseUrl: string, job: ReturnType<typeof defineJob>, concurrency: number) =>
  startWorker({ databaseUrl, concurrency, leaseMs: 30_000, jobs: [job], log: LOG })

const perSecond = (count: number, since: number) => (count * 1_000) / (performance.now() - since)

function share(values: readonly number[], of: number): string {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.floor(sorted.length * of)] ?? Number.NaN).toFixed(1)
}

/** Others may be at work on the same machine: then the figures are too low. */
const machine = () => `load average ${loadavg()[0]?.toFixed(1)}`
