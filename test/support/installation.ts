/** A whole Pandok for a test: its own folder, ports and demonstration accounts; gone afterwards. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@pandok/contract'
import { startInstallation } from 'pandok/installation'
import { z } from 'zod'
import { freePorts } from './free-port.ts'

/** They expire after five minutes. */
const TOKEN_IS_FRESH_MS = 120_000

const Demonstration = z.object({
  url: z.string(),
  tokenUrl: z.string(),
  users: z.array(
    z.object({
      username: z.string(),
      password: z.string(),
      clientId: z.string(),
      clientSecret: z.string(),
    }),
  ),
})

export interface TestInstallation {
  readonly url: string
  /** 0: nobody listens there. */
  readonly dicomPort: number
  /** The folder that holds all of it. */
  readonly data: string
  readonly databaseUrl: string
  readonly vaultUrl: string
  /** A client that acts as the person. */
  readonly as: (username: string) => Client
  readonly tokenOf: (username: string) => Promise<string>
  readonly passwordOf: (username: string) => string
  readonly stop: () => Promise<void>
}

export async function startTestInstallation(
  options: {
    viewerDirectory?: string
    isReceiving?: boolean
    hasWorker?: boolean
    env?: Readonly<Record<string, string>>
  } = {},
): Promise<TestInstallation> {
  const data = await mkdtemp(join(tmpdir(), 'pandok-test-'))
  const dicomPort = options.isReceiving === true ? await freePorts(1) : undefined
  const installation = await startInstallation({
    data,
    host: '127.0.0.1',
    // API, identity, database.
    port: await freePorts(3),
    dicomPort,
    isDemonstration: true,
    hasWorker: options.hasWorker ?? true,
    viewerDirectory: options.viewerDirectory,
    env: { MIN_FREE_BYTES: '1000000', ...options.env },
    say: () => undefined,
    onGiveUp: (message) => {
      throw new Error(message)
    },
  })
  const demonstration = Demonstration.parse(
    JSON.parse(await readFile(join(data, 'demo.json'), 'utf8')),
  )
  const userOf = (username: string) => {
    const user = demonstration.users.find((each) => each.username === username)
    if (user === undefined) throw new Error(`no demonstration account ${username}`)
    return user
  }
  const tokens = new Map<string, { token: Promise<string>; sinceMs: number }>()
  const tokenOf = (username: string) => {
    const known = tokens.get(username)
    if (known !== undefined && performance.now() - known.sinceMs < TOKEN_IS_FRESH_MS) {
      return known.token
    }
    const token = fetchToken(demonstration.tokenUrl, userOf(username))
    tokens.set(username, { token, sinceMs: performance.now() })
    return token
  }
  return {
    url: installation.url,
    dicomPort: dicomPort ?? 0,
    data,
    databaseUrl: installation.databaseUrl,
    vaultUrl: installation.vaultUrl,
    as: (username) =>
      createClient({ baseUrl: installation.url, getToken: () => tokenOf(username) }),
    tokenOf,
    passwordOf: (username) => userOf(username).password,
    stop: async () => {
      await installation.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function fetchToken(
  tokenUrl: string,
  user: { clientId: string; clientSecret: string },
): Promise<string> {
  const answer = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: user.clientId,
      client_secret: user.clientSecret,
    }),
  })
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token
}
