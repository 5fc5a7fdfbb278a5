/**
 * Who was let into which project a moment ago, for routes that are asked thousands of times a second.
 * Only what the whole pipeline allowed is remembered, for seconds, and all of it is forgotten as soon as
 * anybody's roles change anywhere: the database tells every process (trigger membership_tells). While
 * that line is down nothing is remembered, and every request goes the whole way.
 */
import pg from 'pg'
import type { Actor, ProjectScope } from './handler.ts'

export interface KnownAccess {
  /** Taken before access is judged: what changes meanwhile is not remembered. */
  readonly moment: () => number
  /** `to`: what was let into; `authorization`: the header as it was sent. */
  readonly remember: (to: string, authorization: string, granted: Granted, moment: number) => void
  readonly find: (to: string, authorization: string) => Granted | undefined
  readonly forget: () => void
  readonly close: () => Promise<void>
}

interface Granted {
  readonly actor: Actor
  readonly project: ProjectScope
}

/** An expired token, too, is known no longer than this. */
const SECONDS = 5
const MAX_ENTRIES = 10_000
const RETRY_MS = 1_000

export function openKnownAccess(databaseUrl: string): KnownAccess {
  const known = new Map<string, { granted: Granted; until: number }>()
  let changes = 0
  let isListening = false
  let isClosed = false
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined

  const forget = () => {
    changes += 1
    known.clear()
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
    remember: (to, authorization, granted, moment) => {
      if (!isListening || moment !== changes) return
      if (known.size >= MAX_ENTRIES) known.clear()
      known.set(`${to} ${authorization}`, { granted, until: performance.now() + SECONDS * 1000 })
    },
    find: (to, authorization) => {
      const found = known.get(`${to} ${authorization}`)
      return found !== undefined && found.until > performance.now() ? found.granted : undefined
    },
    close: async () => {
      isClosed = true
      clearTimeout(retry)
      await started
      await client?.end().catch(() => undefined)
    },
  }
}
