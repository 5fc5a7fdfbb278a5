/**
 * Who was let into which project a moment ago, for routes that are asked thousands of times a second.
 * Only what the whole pipeline allowed is remembered, for seconds, and all of it is forgotten as soon as
 * anybody's roles change anywhere: the database tells every process (trigger membership_tells). While
 * that line is down nothing is remembered, and every request goes the whole way.
 */
import pg from 'pg'

export interface KnownAccess {
  /** Taken before access is judged: what changes meanwhile is not remembered. */
  readonly moment: () => number
  /** `authorization`: the header as it was sent. */
  readonly remember: (authorization: string, projectId: string, moment: number) => void
  readonly isKnown: (authorization: string, projectId: string) => boolean
  readonly forget: () => void
  readonly close: () => Promise<void>
}

/** An expired token, too, is known no longer than this. */
const SECONDS = 5
const MAX_ENTRIES = 10_000
const RETRY_MS = 1_000

export function openKnownAccess(databaseUrl: string): KnownAccess {
  const until = new Map<string, number>()
  let changes = 0
  let isListening = false
  let isClosed = false
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined

  const forget = () => {
    changes += 1
    until.clear()
  }
  const lose = () => {
    isListening = false
    forget()
    if (isClosed) return
    clearTimeout(retry)
    retry = setTimeout(() => void listen(), RETRY_MS)
    retry.unref()
  }
  const listen = async (): Promise<void> => {
    const current = new pg.Client({ connectionString: databaseUrl, keepAlive: true })
    client = current
    current.on('error', () => undefined)
    current.once('end', lose)
    current.on('notification', forget)
    try {
      await current.connect()
      await current.query('listen membership_changed')
      isListening = true
    } catch {
      // Of a connection that never was there is no end either.
      current.off('end', lose)
      await current.end().catch(() => undefined)
      lose()
    }
  }
  const started = listen()

  return {
    forget,
    moment: () => changes,
    remember: (authorization, projectId, moment) => {
      if (!isListening || moment !== changes) return
      if (until.size >= MAX_ENTRIES) until.clear()
      until.set(`${projectId} ${authorization}`, performance.now() + SECONDS * 1000)
    },
    isKnown: (authorization, projectId) =>
      (until.get(`${projectId} ${authorization}`) ?? 0) > performance.now(),
    close: async () => {
      isClosed = true
      clearTimeout(retry)
      await started
      await client?.end().catch(() => undefined)
    },
  }
}
