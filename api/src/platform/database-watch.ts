/**
 * Notices that the database does not answer any more though its connections stand: a network that drops
 * everything in silence, or a host that is gone. When a call takes long, a connection of its own asks
 * whether anybody is there; if not, all connections are cut, calls fail at once, and it asks again every
 * second until there is an answer. A slow statement of a healthy database is left alone.
 */
import { Socket } from 'node:net'
import pg from 'pg'
import { z } from 'zod'

const LOOK_EVERY_MS = 500
const LONG_MS = 2_000
const PROBE_MS = 2_000
const PROBE_AGAIN_MS = 1_000

export interface DatabaseWatch {
  /** Rejects at once while the database is away. */
  readonly guard: <T>(call: () => Promise<T>) => Promise<T>
  readonly close: () => void
}

/** Known as such by isUnavailable. */
class DatabaseAway extends Error {
  override readonly name = 'DatabaseAway'
  readonly code = 'ETIMEDOUT'
}

export function watchDatabase(pool: pg.Pool, url: string): DatabaseWatch {
  const connections = new Set<pg.PoolClient>()
  const calls = new Set<{ readonly sinceMs: number }>()
  let isAway = false
  let askedMs = 0
  let isAsking = false

  pool.on('connect', (client) => connections.add(client))
  pool.on('remove', (client) => connections.delete(client))

  const ask = async () => {
    isAsking = true
    const answers = await isAnswering(url)
    isAsking = false
    askedMs = performance.now()
    isAway = !answers
    if (isAway) for (const client of connections) cut(client)
  }
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const [oldest] = calls
    const isLong = oldest !== undefined && nowMs - oldest.sinceMs > LONG_MS
    const isDue = nowMs - askedMs > (isAway ? PROBE_AGAIN_MS : LONG_MS)
    if (!isAsking && isDue && (isAway || isLong)) void ask()
  }, LOOK_EVERY_MS)
  timer.unref()

  return {
    guard: async (call) => {
      if (isAway) throw new DatabaseAway('the database does not answer')
      const entry = { sinceMs: performance.now() }
      calls.add(entry)
      try {
        return await call()
      } finally {
        calls.delete(entry)
      }
    },
    close: () => {
      clearInterval(timer)
    },
  }
}

/** An answer of any kind is one, a refusal too. */
async function isAnswering(url: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: PROBE_MS,
    query_timeout: PROBE_MS,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch (error) {
    return error instanceof pg.DatabaseError
  } finally {
    cut(client)
  }
}

const Connected = z.object({ connection: z.object({ stream: z.instanceof(Socket) }) })

/** Without a word to the other side: nobody would hear it. */
function cut(client: pg.PoolClient | pg.Client): void {
  Connected.safeParse(client).data?.connection.stream.destroy()
}
