/**
 * The processes of the API, one per call:
 *   node api/src/main.ts http            answers requests
 *   node api/src/main.ts worker          does background work
 *   node api/src/main.ts dimse           receives images from other machines (C-STORE)
 *   node api/src/main.ts migrate         brings the database to this version
 *   node api/src/main.ts seed FILE       fills an empty installation (seed.ts)
 * Settings come from the environment (platform/env.ts).
 */
import { readFileSync } from 'node:fs'
import { createApp } from './app.ts'
import { migrateVault } from './deidentification/index.ts'
import { isUnavailable } from './platform/database.ts'
import { type Config, readConfig } from './platform/env.ts'
import { QueueEnded, startWorker } from './platform/jobs/index.ts'
import { openLog } from './platform/log.ts'
import { migrate } from './platform/migrate.ts'
import { SeedFile, seed } from './seed.ts'

const STOP_TIMEOUT_MS = 25_000
/** Longer than one instance takes to arrive. */
const DIMSE_STOP_MS = 10_000
const DATABASE_RETRY_MS = 500

const [command, argument] = process.argv.slice(2)
try {
  await run(readConfig(process.env))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`)
  process.exit(1)
}

async function run(config: Config): Promise<void> {
  switch (command) {
    case 'http':
      await serve(config)
      return
    case 'worker':
      await work(config)
      return
    case 'dimse':
      await receive(config)
      return
    case 'migrate':
      await migrate(config.databaseOwnerUrl, config.databaseUrl)
      await migrateVault({
        vaultUrl: config.vaultUrl,
        ownerUrl: config.databaseOwnerUrl,
        installationKey: config.installationKey,
      })
      return
    case 'seed': {
      const app = createApp(config, openLog(config.logLevel, 'seed'))
      await seed(app, SeedFile.parse(JSON.parse(readFileSync(argument ?? '', 'utf8'))))
      await app.close()
      return
    }
    default:
      throw new Error('usage: node api/src/main.ts http | worker | dimse | migrate | seed FILE')
  }
}

async function serve(config: Config): Promise<void> {
  const log = openLog(config.logLevel, 'http')
  const app = createApp(config, log)
  const server = app.createServer()
  // Plain copies that a killed one left on this machine.
  await app.blobs.sweepLeftovers()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.httpPort, config.httpHost, resolve)
  })
  log.info({ host: config.httpHost, port: config.httpPort }, 'listening')
  onStop(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeIdleConnections()
    await closed
    await app.close()
  })
}

async function receive(config: Config): Promise<void> {
  const log = openLog(config.logLevel, 'dimse')
  const app = createApp(config, log)
  const server = app.createDimseServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.dicomPort, config.dicomHost, resolve)
  })
  const { dicomHost: host, dicomPort: port, dicomTls } = config
  log.info({ host, port, isTls: dicomTls !== undefined }, 'listening')
  onStop(async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    // Associations end by themselves or with the process: what they were told is stored is stored.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, DIMSE_STOP_MS))])
    await app.close()
  })
}

async function work(config: Config): Promise<void> {
  const log = openLog(config.logLevel, 'worker')
  const app = createApp(config, log)
  const start = () =>
    startWorker({
      databaseUrl: config.databaseUrl,
      concurrency: config.workerConcurrency,
      leaseMs: config.jobLeaseSeconds * 1_000,
      jobs: app.jobs,
      log,
    })
  let worker = await start()
  const care = app.storage.startCare()
  log.info({ jobs: app.jobs.map((job) => job.name) }, 'working')
  onStop(async () => {
    await care.stop()
    await worker.stop()
    await app.close()
  })
  for (;;) {
    const fault = await worker.done.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error('the worker failed')),
    )
    if (fault === undefined) return
    if (!(fault instanceof QueueEnded)) throw fault
    log.warn({}, 'the queue ended, and is begun again')
    // What cannot be said to the database now it finds out: the worker beats no more.
    await worker.stop().catch(() => undefined)
    worker = await untilDatabase(start)
  }
}

/** Tried again as long as the database is away. */
async function untilDatabase<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isUnavailable(error)) throw error
      await new Promise((wake) => setTimeout(wake, DATABASE_RETRY_MS))
    }
  }
}

/** A signal, or the loss of the parent that holds our channel, ends the process in good order. */
function onStop(stop: () => Promise<void>): void {
  let isStopping = false
  const begin = () => {
    if (isStopping) return
    isStopping = true
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
    void stop().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', begin)
  process.on('SIGINT', begin)
  process.on('disconnect', begin)
}
