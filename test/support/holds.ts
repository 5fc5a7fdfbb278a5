/**
 * Holds the work of other processes at a place of a test's choosing, without a hook in them: by a lock in
 * PostgreSQL that the place needs, or by stopping a child process that the place waits for.
 */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { childrenOf } from './processes.ts'

const LOOK_MS = 10
const PATIENCE_MS = 60_000

export interface Hold {
  /** Somebody waits for it. */
  readonly reached: Promise<unknown>
  readonly release: () => Promise<void>
}

/** `statement` takes locks that last as long as its transaction. */
export async function holdLocks(
  databaseUrl: string,
  statement: string,
  values: readonly unknown[],
): Promise<Hold> {
  const [holder, watcher] = [
    new pg.Client({ connectionString: databaseUrl }),
    new pg.Client({ connectionString: databaseUrl }),
  ]
  for (const each of [holder, watcher]) {
    each.on('error', () => undefined)
    await each.connect()
  }
  await holder.query('begin')
  await holder.query(statement, [...values])
  const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
  const reached = untilTrue(async () => {
    const { rowCount } = await watcher.query(
      'select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))',
      [rows[0]?.pid],
    )
    return rowCount !== 0
  }, statement)
  // Whoever is interested looks at it; it may also be let go before.
  reached.catch(() => undefined)
  return {
    reached,
    release: async () => {
      await holder.end()
      await reached.catch(() => undefined)
      await watcher.end()
    },
  }
}

/** Locks of the blobs' hashes, which whoever removes or adds them takes. */
export const holdBlobs = (databaseUrl: string, sha256s: readonly string[]) =>
  holdLocks(
    databaseUrl,
    'select pg_advisory_xact_lock(hashtextextended(s, 0)) from unnest($1::text[]) s order by s',
    [sha256s],
  )

/**
 * Stops children of the process whose script is `script`, each a moment after it began; resolves when
 * there were `count`. Those that were quicker are not among the stopped.
 */
export async function stopChildren(pid: number, script: string, count: number) {
  const seen = new Map<number, Promise<void>>()
  const stopped: number[] = []
  const stop = async (child: number) => {
    await pause(Math.random() * 150)
    if (signalled(child, 'SIGSTOP')) stopped.push(child)
  }
  await untilTrue(() => {
    for (const child of childrenNamed(pid, script)) {
      if (!seen.has(child)) seen.set(child, stop(child))
    }
    return seen.size >= count
  }, `${count} of ${script}`)
  await Promise.all(seen.values())
  return {
    count: stopped.length,
    release: () => {
      for (const child of stopped) signalled(child, 'SIGCONT')
    },
  }
}

/** False: it is gone. */
function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}

function childrenNamed(pid: number, script: string): number[] {
  try {
    return childrenOf(pid).filter((each) =>
      readFileSync(`/proc/${each}/cmdline`, 'utf8').includes(script),
    )
  } catch {
    // One of them has ended this very moment.
    return []
  }
}

export async function untilTrue(
  look: () => Promise<boolean> | boolean,
  what: string,
  withinMs = PATIENCE_MS,
): Promise<number> {
  const started = performance.now()
  while (!(await look())) {
    if (performance.now() - started > withinMs) throw new Error(`it did not happen: ${what}`)
    await pause(LOOK_MS)
  }
  return performance.now() - started
}

export const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms))
