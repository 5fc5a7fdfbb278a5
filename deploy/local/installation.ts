/**
 * A whole Pandok on this computer: embedded PostgreSQL and identity (unless the environment names
 * others), migrations, API, worker. What `npm start` and the end-to-end tests run.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { z } from 'zod'
import { IdentityState } from '../identity/state.ts'
import { type Child, runToEnd, startChild } from './children.ts'
import { prepareRoles } from './database-roles.ts'
import { startPostgres } from './embedded-postgres.ts'
import {
  DEMONSTRATION_PROJECT,
  makeIdentityState,
  type NewAccount,
  PERSONAS,
  readOrMakeSecrets,
  writePrivate,
} from './settings.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Of the processes that take and give files. Bytes of files lie outside of the heap and go when young
 * objects are collected: with a small place for those that is often and cheap, with the default one each
 * 30 MB of files cost a collection of everything, and 80 MiB more stay held. And garbage is collected
 * before the heap is many times what is in use: metadata of a hundred series takes 180 MiB, not 320.
 */
export const NODE_FLAGS = ['--max-semi-space-size=1', '--memory-saver-mode']

export interface InstallationOptions {
  readonly data: string
  readonly host: string
  readonly port: number
  /** Other machines send images here (C-STORE); nobody listens without it. */
  readonly dicomPort?: number | undefined
  readonly isDemonstration: boolean
  /** false: workers run elsewhere. */
  readonly hasWorker?: boolean
  /** Where the page is served from, when that is not the API (the development server). */
  readonly publicUrl?: string
  /** API and worker start again when their sources change. */
  readonly isWatched?: boolean
  readonly viewerDirectory: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly say: (line: string) => void
  readonly onGiveUp: (message: string) => void
}

export interface Installation {
  readonly url: string
  /** Of the owner of the tables. */
  readonly databaseUrl: string
  readonly vaultUrl: string
  /** Accounts made just now, with their passwords. */
  readonly newAccounts: readonly NewAccount[] | undefined
  readonly stop: () => Promise<void>
}

export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const data = resolve(options.data)
  const { host, port, say } = options
  const url = options.publicUrl ?? `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`
  // 0711: the database's own user must pass through to its folder, but may list nothing.
  await mkdir(data, { recursive: true, mode: 0o711 })
  // A folder made private before (mkdtemp) would move the database elsewhere: let it through too.
  if (process.getuid?.() === 0) await chmod(data, ((await stat(data)).mode & 0o777) | 0o001)
  await mkdir(join(data, 'blobs'), { recursive: true, mode: 0o700 })
  const logs = join(data, 'logs')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  await refuseTakenPorts(host, port, options.env['OIDC_ISSUER'] === undefined)
  const secrets = await readOrMakeSecrets(data)
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each()
  }
  try {
    let databases = givenDatabases(options.env)
    if (databases === undefined) {
      say('database')
      const postgres = await startPostgres({
        directory: join(data, 'postgres'),
        port: port + 2,
        password: secrets.databasePassword,
        database: 'pandok',
      })
      stops.push(postgres.stop)
      const { applicationUrl, vaultUrl } = await prepareRoles(postgres.url, {
        application: secrets.applicationPassword,
        vault: secrets.vaultPassword,
      })
      databases = { ownerUrl: postgres.url, applicationUrl, vaultUrl }
    }
    const issuer = options.env['OIDC_ISSUER'] ?? `http://${hostOf(url)}:${port + 1}/realms/pandok`
    const env = {
      ...passedOn(options.env),
      DATABASE_URL: databases.applicationUrl,
      VAULT_URL: databases.vaultUrl,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: options.env['OIDC_CLIENT_ID'] ?? 'pandok-viewer',
      OIDC_AUDIENCE: options.env['OIDC_AUDIENCE'] ?? 'pandok-api',
      BLOB_URL: options.env['BLOB_URL'] ?? pathToFileURL(join(data, 'blobs')).href,
      PANDOK_SECRET_FILE: options.env['PANDOK_SECRET_FILE'] ?? join(data, 'installation.key'),
      PUBLIC_URL: url,
      HTTP_HOST: host,
      HTTP_PORT: String(port),
      ...(options.viewerDirectory === undefined ? {} : { VIEWER_DIR: options.viewerDirectory }),
    }
    const child = (name: string, args: readonly string[], more: Record<string, string> = {}) => {
      const made: Child = startChild(
        { name, args, env: { ...env, ...more }, cwd: ROOT, logs },
        options.onGiveUp,
      )
      stops.push(made.stop)
    }
    const main = join(ROOT, 'api/src/main.ts')
    const isIdentityOurs = options.env['OIDC_ISSUER'] === undefined
    const stateFile = join(data, 'identity.json')
    let newAccounts: readonly NewAccount[] | undefined
    if (isIdentityOurs) {
      const personas = options.isDemonstration
        ? PERSONAS
        : PERSONAS.filter(({ username }) => username === 'admin')
      newAccounts = await makeIdentityState(stateFile, personas)
      if (options.isDemonstration && newAccounts !== undefined) {
        await writeDemonstration(data, url, issuer, newAccounts)
      } else if (hasDemonstration(data)) {
        await updateAddresses(data, url, issuer)
      }
      // It keeps tables of its own, and starts while the others' are made.
      say('identity')
      child('identity', [join(ROOT, 'deploy/identity/main.ts')], {
        // It makes tables of its own.
        DATABASE_URL: databases.ownerUrl,
        IDENTITY_STATE_FILE: stateFile,
        HTTP_PORT: String(port + 1),
      })
    }
    say('migrations')
    await runToEnd({
      name: 'migrations',
      args: [main, 'migrate'],
      env: { ...env, DATABASE_OWNER_URL: databases.ownerUrl },
      cwd: ROOT,
    })
    if (isIdentityOurs && options.isDemonstration) await seedProject(data, stateFile, main, env)
    say('API and worker')
    const watch = options.isWatched === true ? ['--watch', '--watch-preserve-output'] : []
    child('api', [...NODE_FLAGS, ...watch, main, 'http'])
    if (options.hasWorker !== false) child('worker', [...NODE_FLAGS, ...watch, main, 'worker'])
    if (options.dicomPort !== undefined) {
      child('dimse', [...NODE_FLAGS, ...watch, main, 'dimse'], {
        DICOM_PORT: String(options.dicomPort),
      })
    }
    await untilReady(`http://${hostOf(`http://${host}`)}:${port}/api/health`, 'api', logs)
    return { url, databaseUrl: databases.ownerUrl, vaultUrl: databases.vaultUrl, newAccounts, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Databases {
  readonly ownerUrl: string
  readonly applicationUrl: string
  readonly vaultUrl: string
}

/** undefined: the embedded server's. Who brings a database brings one for the keys as well. */
function givenDatabases(env: Readonly<Record<string, string | undefined>>): Databases | undefined {
  const { DATABASE_URL: applicationUrl, DATABASE_OWNER_URL: ownerUrl, VAULT_URL: vaultUrl } = env
  if (applicationUrl === undefined) return undefined
  if (vaultUrl === undefined) {
    throw new Error('DATABASE_URL is set, so VAULT_URL must name a database for the keys')
  }
  return { ownerUrl: ownerUrl ?? applicationUrl, applicationUrl, vaultUrl }
}

/** Settings a person may give; nothing else of the environment reaches the processes. */
function passedOn(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = [
    'ACCEL_LOCATION',
    'DATABASE_POOL_SIZE',
    'DICOM_HOST',
    'DICOM_IDLE_SECONDS',
    'DICOM_MAX_ASSOCIATIONS',
    'DICOM_TLS_CA_FILE',
    'DICOM_TLS_CERT_FILE',
    'DICOM_TLS_KEY_FILE',
    'JOB_HISTORY_DAYS',
    'JOB_LEASE_SECONDS',
    'LOCAL_COPIES_DIR',
    'LOG_LEVEL',
    'MAX_FILE_BYTES',
    'MIN_FREE_BYTES',
    'NODE_EXTRA_CA_CERTS',
    'OIDC_JWKS_URL',
    'PEERS_FILE',
    'PANDOK_FORMER_SECRET_FILES',
    'PIXEL_PROCESSES',
    'S3_ACCESS_KEY_ID',
    'S3_SECRET_ACCESS_KEY',
    'SCRUB_MIB_PER_SECOND',
    'STOW_MAX_BYTES',
    'UPLOAD_MAX_OPEN_SECONDS',
    'UPLOAD_QUIET_SECONDS',
    'WORKER_CONCURRENCY',
  ]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

const hostOf = (url: string) => {
  const { hostname } = new URL(url)
  return hostname === '0.0.0.0' ? '127.0.0.1' : hostname
}

/** Once per content: what the seed makes is never taken back by a later start. */
async function seedProject(
  data: string,
  stateFile: string,
  main: string,
  env: Record<string, string>,
): Promise<void> {
  const { accounts } = IdentityState.parse(JSON.parse(await readFile(stateFile, 'utf8')))
  const content = {
    project: DEMONSTRATION_PROJECT,
    persons: accounts.map(({ subject, username, displayName }) => ({
      subject,
      username,
      displayName,
      roles: PERSONAS.find((persona) => persona.username === username)?.roles ?? [],
    })),
  }
  const seeded = join(data, 'project-seeded')
  // With the database's address: a new database behind DATABASE_URL is empty.
  const stamp = createHash('sha256')
    .update(JSON.stringify([content, databaseOf(env)]))
    .digest('hex')
  if ((await readFile(seeded, 'utf8').catch(() => '')) === stamp) return
  const file = join(data, 'seed.json')
  await writePrivate(file, content)
  await runToEnd({ name: 'seed', args: [main, 'seed', file], env, cwd: ROOT })
  await writeFile(seeded, stamp)
}

/** Which database, without the port that --port changes. */
const databaseOf = (env: Record<string, string>) => {
  const { hostname, pathname } = new URL(env['DATABASE_URL'] ?? '')
  return hostname + pathname
}

const addressesOf = (url: string, issuer: string) => ({
  url,
  issuer,
  tokenUrl: `${issuer}/protocol/openid-connect/token`,
})

/** Another --port than last time: scripts find the addresses of now. */
async function updateAddresses(data: string, url: string, issuer: string): Promise<void> {
  const path = join(data, 'demo.json')
  const content = z.looseObject({}).parse(JSON.parse(await readFile(path, 'utf8')))
  await writePrivate(path, { ...content, ...addressesOf(url, issuer) })
}

async function writeDemonstration(
  data: string,
  url: string,
  issuer: string,
  accounts: readonly NewAccount[],
): Promise<void> {
  await writePrivate(join(data, 'demo.json'), {
    ...addressesOf(url, issuer),
    project: { key: DEMONSTRATION_PROJECT.key },
    users: accounts.map(({ account, password }) => ({
      username: account.username,
      password,
      displayName: account.displayName,
      roles: [
        ...(PERSONAS.find(({ username }) => username === account.username)?.roles ?? []),
        ...account.realmRoles,
      ],
      clientId: `script-${account.username}`,
      clientSecret: account.clientSecret,
    })),
  })
}

async function refuseTakenPorts(
  host: string,
  port: number,
  isIdentityOurs: boolean,
): Promise<void> {
  for (const each of isIdentityOurs ? [port, port + 1] : [port]) {
    // What an earlier run left behind ends within moments of its parent: wait for it.
    for (let tries = 0; !(await isFree(host, each)); tries++) {
      if (tries >= 20) throw new Error(`port ${each} is in use: choose another with --port`)
      await new Promise((wake) => setTimeout(wake, 250))
    }
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((answer) => {
    const probe = createServer()
    probe.once('error', () => {
      answer(false)
    })
    probe.listen(port, host, () => {
      probe.close(() => {
        answer(true)
      })
    })
  })
}

async function untilReady(address: string, name: string, logs: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    const isReady = await fetch(address).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isReady) return
    await new Promise((wake) => setTimeout(wake, 50))
  }
  throw new Error(`${name} did not become ready; see ${join(logs, `${name}.log`)}`)
}

export function hasDemonstration(data: string): boolean {
  return existsSync(join(resolve(data), 'demo.json'))
}
