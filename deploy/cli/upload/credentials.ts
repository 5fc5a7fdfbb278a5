/**
 * Signs a script in by OpenID Connect client credentials (RFC 6749 section 4.4): from the environment,
 * or from a file like `.pandok/demo.json`, which holds a client for each demonstration account.
 */
import { readFileSync } from 'node:fs'
import { PandokError } from '@pandok/contract'
import { z } from 'zod'
import { UploadError } from './upload-error.ts'

export interface Credentials {
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** Of Pandok, where the file says so. */
  readonly url: string | undefined
}

const Client = z.object({ clientId: z.string(), clientSecret: z.string() })
const CredentialsFile = z.object({
  tokenUrl: z.url(),
  url: z.url().optional(),
  clientId: z.string().optional(),
  clientSecret: z.string().optional(),
  users: z.array(Client.extend({ username: z.string(), roles: z.array(z.string()) })).optional(),
})

/** `username`: which client of the file; that of the first data manager when left out. */
export function readCredentials(
  file: string | undefined,
  username: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Credentials {
  if (file !== undefined) return fromFile(file, username)
  const { PANDOK_TOKEN_URL, PANDOK_CLIENT_ID, PANDOK_CLIENT_SECRET } = env
  if (!PANDOK_TOKEN_URL || !PANDOK_CLIENT_ID || !PANDOK_CLIENT_SECRET) {
    throw new UploadError(
      'who sends? --credentials FILE, or PANDOK_TOKEN_URL, PANDOK_CLIENT_ID and PANDOK_CLIENT_SECRET',
    )
  }
  return {
    tokenUrl: PANDOK_TOKEN_URL,
    clientId: PANDOK_CLIENT_ID,
    clientSecret: PANDOK_CLIENT_SECRET,
    url: undefined,
  }
}

function fromFile(file: string, username: string | undefined): Credentials {
  const parsed = CredentialsFile.safeParse(jsonOf(file))
  if (!parsed.success) {
    throw new UploadError('--credentials: a JSON file with tokenUrl, clientId and clientSecret')
  }
  const { tokenUrl, url, users = [], ...own } = parsed.data
  const user = users.find((each) =>
    username === undefined ? each.roles.includes('data-manager') : each.username === username,
  )
  const client = Client.safeParse(user ?? own)
  if (!client.success) throw new UploadError('--credentials: the file has no client for that')
  const { clientId, clientSecret } = client.data
  return { tokenUrl, clientId, clientSecret, url }
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new UploadError('--credentials: the file cannot be read')
  }
}

/** A little before it expires there is another. */
const LEEWAY_MS = 30_000
const Answer = z.object({ access_token: z.string(), expires_in: z.number().optional() })

export function createTokenSource(credentials: Credentials): () => Promise<string> {
  const { tokenUrl, clientId, clientSecret } = credentials
  let known: { token: Promise<string>; untilMs: number } | undefined
  const ask = async (): Promise<string> => {
    const answer = await fetch(tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
      }),
    })
    if (answer.status >= 500) throw new TypeError('the identity provider is not ready')
    const parsed = Answer.safeParse(await answer.json().catch(() => undefined))
    if (!answer.ok || !parsed.success)
      throw new PandokError('NOT_SIGNED_IN', 'the identity provider')
    const { access_token: token, expires_in: seconds = 60 } = parsed.data
    known = { token: Promise.resolve(token), untilMs: Date.now() + seconds * 1000 - LEEWAY_MS }
    return token
  }
  return async () => {
    if (known === undefined || known.untilMs < Date.now()) {
      const token = ask()
      // All lanes wait for one answer; one that failed is asked for again.
      known = { token, untilMs: Number.POSITIVE_INFINITY }
      token.catch(() => {
        known = undefined
      })
    }
    return await known.token
  }
}
