/**
 * PostgreSQL through pg. Rows are parsed by a schema at this edge; inside, they are trusted.
 * Calendar dates stay strings and bigints stay strings: neither is a JavaScript number or Date.
 */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { z } from 'zod'
import { watchDatabase } from './database-watch.ts'

/** A pool or a transaction: whatever can run a statement. */
export interface Queryable {
  /** Runs one statement and parses every row. */
  readonly many: <S extends z.ZodType>(
    row: S,
    sql: string,
    values?: readonly unknown[],
  ) => Promise<z.output<S>[]>
  /** The first row, or undefined. */
  readonly maybeOne: <S extends z.ZodType>(
    row: S,
    sql: string,
    values?: readonly unknown[],
  ) => Promise<z.output<S> | undefined>
  /** The first row; throws when there is none: use it only where the statement must give one. */
  readonly one: <S extends z.ZodType>(
    row: S,
    sql: string,
    values?: readonly unknown[],
  ) => Promise<z.output<S>>
  /** Runs a statement for its effect; the number of rows it touched. */
  readonly run: (sql: string, values?: readonly unknown[]) => Promise<number>
}

/** A transaction under way. Its type keeps "needs a transaction" visible in signatures. */
export interface Transaction extends Queryable {
  readonly isTransaction: true
}

export interface Database extends Queryable {
  /** Commits when `work` resolves, rolls back when it throws. */
  readonly transaction: <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>
  readonly pool: pg.Pool
  readonly close: () => Promise<void>
}

const DATE_OID = 1082

/** The sessions of this process bear one name, so that others can end them when it is lost. */
export const SESSION = `pandok-${randomUUID()}`

/** The address, for a library that opens connections of its own. */
export function withSession(url: string): string {
  const named = new URL(url)
  named.searchParams.set('application_name', SESSION)
  return named.href
}

/**
 * The address, for statements whose loss in a crash of the database is made good: their commits do not
 * wait for the disk. What is committed after them as usual takes them along.
 */
export function unflushed(url: string): string {
  const changed = new URL(url)
  const options = changed.searchParams.get('options') ?? ''
  changed.searchParams.set('options', `${options} -c synchronous_commit=off`.trim())
  return changed.href
}

export interface DatabaseOptions {
  readonly url: string
  readonly poolSize: number
  /** Where a few statements run again and again outside of transactions: planned once a connection. */
  readonly isPrepared?: boolean
}

export function openDatabase(options: DatabaseOptions): Database {
  const types = new pg.TypeOverrides()
  types.setTypeParser(DATE_OID, (text) => text)
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: SESSION,
    max: options.poolSize,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 60_000,
    idle_in_transaction_session_timeout: 60_000,
    types,
  })
  // A connection that breaks while idle must not end the process; the next query takes another.
  pool.on('error', () => undefined)
  const watch = watchDatabase(pool, options.url)
  const nameOf = options.isPrepared === true ? createNames() : undefined
  return {
    ...queryable((text, values) =>
      watch.guard(() =>
        pool.query({
          text,
          values: [...values],
          ...(nameOf === undefined ? {} : { name: nameOf(text) }),
        }),
      ),
    ),
    transaction: (work) => watch.guard(() => inTransaction(pool, work)),
    pool,
    close: async () => {
      watch.close()
      await pool.end()
    },
  }
}

/** The same name for the same text. */
function createNames(): (sql: string) => string {
  const names = new Map<string, string>()
  return (sql) => {
    const known = names.get(sql) ?? `s${names.size}`
    names.set(sql, known)
    return known
  }
}

type Run = (
  sql: string,
  values: readonly unknown[],
) => Promise<{ rows: unknown[]; rowCount: number | null }>

function queryable(run: Run): Queryable {
  const many: Queryable['many'] = async (row, sql, values = []) => {
    const result = await run(sql, values)
    return result.rows.map((each) => row.parse(each))
  }
  return {
    many,
    maybeOne: async (row, sql, values) => (await many(row, sql, values))[0],
    one: async (row, sql, values) => {
      const [first] = await many(row, sql, values)
      if (first === undefined) throw new Error('a statement that must give a row gave none')
      return first
    },
    run: async (sql, values = []) => (await run(sql, values)).rowCount ?? 0,
  }
}

async function inTransaction<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  // A checked-out client emits `error` on a time-out; without a listener the process would die.
  let broken: Error | undefined
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query('begin')
    const result = await work({
      ...queryable((sql, values) => client.query(sql, [...values])),
      isTransaction: true,
    })
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch((rollbackError: unknown) => {
      broken = rollbackError instanceof Error ? rollbackError : new Error('rollback failed')
    })
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

/** True when the database could not be reached or cut the connection (not a fault of the input). */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? ''
    return /^(08|53|57P|58030)/.test(code)
  }
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return UNREACHABLE.has(code) || LOST.test(error.message)
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** What pg says without a code: also of a connection that was lost between two statements. */
const LOST =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|is not queryable/
