/** Notices that the database does not answer any more (answer-watch.ts), and cuts its connections then. */
import { Socket } from 'node:net'
import pg from 'pg'
import { z } from 'zod'
import { watchAnswers } from './answer-watch.ts'

const PROBE_MS = 2_000

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
  pool.on('connect', (client) => connections.add(client))
  pool.on('remove', (client) => connections.delete(client))
  const watch = watchAnswers({
    isAnswering: () => isAnswering(url),
    cut: () => {
      for (const client of connections) cut(client)
    },
  })
  return {
    guard: async (call) => {
      if (watch.isAway()) throw new DatabaseAway('the database does not answer')
      return await watch.during(call)
    },
    close: watch.close,
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
