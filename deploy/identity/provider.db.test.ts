/** The whole sign-in without a browser: what keycloak-js and scripts send, by fetch with cookies. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts'
import { freePorts } from '../../test/support/free-port.ts'
import { createIdentityTables } from './adapter.ts'
import { createIdentityServer } from './provider.ts'
import { hashPassword, type IdentityState, newSigningKey } from './state.ts'

const VIEWER = 'http://127.0.0.1:9'
const PASSWORD = 'correct-horse'
const Tokens = z.object({
  access_token: z.string(),
  id_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('Bearer'),
})

let issuer: string
let state: IdentityState
let database: TestDatabase
let pool: pg.Pool
let stopServer: () => Promise<void>

beforeAll(async () => {
  database = await createTestDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => undefined)
  await createIdentityTables(pool)
  const account = async (username: string, realmRoles: string[] = []) => ({
    subject: `subject-of-${username}`,
    username,
    displayName: `${username} 이름`,
    passwordHash: await hashPassword(PASSWORD),
    realmRoles,
    clientSecret: `secret-of-${username}`,
  })
  state = {
    cookieKeys: ['cookie-key'],
    jwks: { keys: [newSigningKey()] },
    accounts: await Promise.all([account('labeler-1'), account('admin', ['pandok-admin'])]),
  }
  const port = await freePorts(1)
  issuer = `http://127.0.0.1:${port}/realms/pandok`
  stopServer = await serve(port)
})

afterAll(async () => {
  await stopServer()
  await pool.end()
  await database.drop()
})

test('authorization code with PKCE gives tokens that the API accepts', async () => {
  const browser = new Browser()
  const tokens = await signIn(browser)
  const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`))
  const { payload } = await jwtVerify(tokens.access_token, keys, { issuer, audience: 'pandok-api' })
  expect(payload).toMatchObject({
    sub: 'subject-of-labeler-1',
    typ: 'Bearer',
    azp: 'pandok-viewer',
    preferred_username: 'labeler-1',
    name: 'labeler-1 이름',
    realm_access: { roles: [] },
  })
  expect(typeof payload['sid']).toBe('string')
  expect(decodeJwt(tokens.id_token)).toMatchObject({ sub: 'subject-of-labeler-1', nonce: 'nonce' })
})

test('keycloak-js can decode the refresh token, and it gives new tokens', async () => {
  const first = await signIn(new Browser())
  expect(decodeJwt(first.refresh_token)).toMatchObject({ typ: 'Refresh' })
  const answer = await refresh(first.refresh_token)
  expect(answer.status).toBe(200)
  const second = Tokens.parse(await answer.json())
  expect(second.access_token).not.toBe(first.access_token)
  expect(decodeJwt(second.access_token)).toMatchObject({ aud: 'pandok-api' })
})

test('userinfo answers for the API token, also with "bearer" in lower case', async () => {
  const { access_token } = await signIn(new Browser())
  const ask = (authorization: string) =>
    fetch(`${issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization, origin: VIEWER },
    })
  const answer = await ask(`bearer ${access_token}`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('access-control-allow-origin')).toBe(VIEWER)
  expect(await answer.json()).toEqual({
    sub: 'subject-of-labeler-1',
    preferred_username: 'labeler-1',
    name: 'labeler-1 이름',
  })
  expect((await ask(`Bearer ${access_token.slice(0, -4)}AAAA`)).status).toBe(401)
  expect((await fetch(`${issuer}/protocol/openid-connect/userinfo`)).status).toBe(401)
})

test('a second page of the same browser is signed in without a form', async () => {
  const browser = new Browser()
  await signIn(browser)
  const { url } = authorization()
  const answer = await browser.follow(url)
  expect(answer.redirect?.origin).toBe(VIEWER)
  expect(answer.redirect?.hash).toMatch(/code=/)
})

test.each([
  ['a wrong password', 'labeler-1', 'wrong'],
  ['an unknown name', 'nobody', PASSWORD],
])('%s is refused with the same page', async (_what, username, password) => {
  const browser = new Browser()
  const form = await browser.follow(authorization().url)
  const answer = await browser.follow(form.url, { username, password })
  expect(answer.status).toBe(401)
  expect(answer.redirect).toBeUndefined()
  expect(answer.text).toContain('The user name or the password is wrong.')
})

test('after ten tries within a minute even the right password waits', async () => {
  const browser = new Browser()
  const form = await browser.follow(authorization().url)
  for (let tries = 0; tries < 10; tries++) {
    expect((await browser.follow(form.url, { username: 'admin', password: 'no' })).status).toBe(401)
  }
  const answer = await browser.follow(form.url, { username: 'admin', password: PASSWORD })
  expect(answer.status).toBe(429)
})

test('the page speaks Korean to a Korean browser', async () => {
  const browser = new Browser('ko-KR,ko;q=0.9,en;q=0.8')
  expect((await browser.follow(authorization().url)).text).toContain('비밀번호')
})

test('the form cannot send a person to another place', async () => {
  const { url } = authorization()
  url.searchParams.set('redirect_uri', 'http://127.0.0.1:10/')
  const answer = await new Browser().follow(url)
  expect(answer.status).toBe(400)
  expect(answer.redirect).toBeUndefined()
})

test('without PKCE there is no code', async () => {
  const { url } = authorization()
  url.searchParams.delete('code_challenge')
  url.searchParams.delete('code_challenge_method')
  const answer = await new Browser().follow(url)
  expect(answer.redirect?.hash).toContain('error=invalid_request')
})

test('a script acts as its person', async () => {
  const answer = await script('admin', 'secret-of-admin')
  expect(answer.status).toBe(200)
  const { access_token } = z.object({ access_token: z.string() }).parse(await answer.json())
  expect(decodeJwt(access_token)).toMatchObject({
    iss: issuer,
    aud: 'pandok-api',
    sub: 'subject-of-admin',
    preferred_username: 'admin',
    realm_access: { roles: ['pandok-admin'] },
  })
  expect((await script('admin', 'secret-of-labeler-1')).status).toBe(401)
})

test('logout with the ID token ends the session and its refresh tokens', async () => {
  const browser = new Browser()
  const tokens = await signIn(browser)
  expect(browser.statusCookie()).toMatch(/^pandok\/subject-of-labeler-1\//)
  const url = new URL(`${issuer}/protocol/openid-connect/logout`)
  url.searchParams.set('id_token_hint', tokens.id_token)
  url.searchParams.set('post_logout_redirect_uri', `${VIEWER}/`)
  const page = await browser.follow(url)
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const action = /action="([^"]+)"/.exec(page.text)?.[1] ?? ''
  const answer = await browser.follow(new URL(action), { xsrf, logout: 'yes' })
  expect(answer.redirect?.href).toBe(`${VIEWER}/`)
  expect(browser.statusCookie()).toBeUndefined()
  expect((await browser.follow(authorization().url)).text).toContain('<form method="post"')
  expect((await refresh(tokens.refresh_token)).status).toBe(400)
})

test.each(['3p-cookies/step1.html', 'login-status-iframe.html'])(
  'keycloak-js finds %s, for the viewer alone to embed',
  async (page) => {
    const answer = await fetch(`${issuer}/protocol/openid-connect/${page}`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-security-policy')).toContain(`frame-ancestors ${VIEWER}`)
    expect(await answer.text()).toContain('postMessage')
  },
)

test.each([
  [VIEWER, VIEWER],
  ['http://evil.example', null],
])('token requests of a page at %s are allowed to %s', async (origin, allowed) => {
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'pandok-viewer' }),
  })
  const header = answer.headers.get('access-control-allow-origin')
  expect(header === origin ? header : null).toBe(allowed)
})

test('a restart of the provider signs nobody out', async () => {
  const browser = new Browser()
  const tokens = await signIn(browser)
  await stopServer()
  // fetch notices only then that its kept connections are gone.
  await new Promise((wake) => setTimeout(wake, 50))
  stopServer = await serve(Number(new URL(issuer).port))
  expect((await refresh(tokens.refresh_token)).status).toBe(200)
  expect((await browser.follow(authorization().url)).redirect?.hash).toMatch(/code=/)
})

async function serve(port: number): Promise<() => Promise<void>> {
  const server = createIdentityServer({
    issuer,
    audience: 'pandok-api',
    viewerClientId: 'pandok-viewer',
    viewerOrigin: VIEWER,
    state,
    pool,
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
}

/** What keycloak-js asks for at first. */
function authorization() {
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL(`${issuer}/protocol/openid-connect/auth`)
  url.search = new URLSearchParams({
    client_id: 'pandok-viewer',
    redirect_uri: `${VIEWER}/worklist`,
    state: 'state',
    response_mode: 'fragment',
    response_type: 'code',
    scope: 'openid',
    nonce: 'nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()
  return { url, verifier }
}

async function signIn(browser: Browser): Promise<z.infer<typeof Tokens>> {
  const { url, verifier } = authorization()
  const form = await browser.follow(url)
  expect(form.text).toContain('autocomplete="current-password"')
  const back = await browser.follow(form.url, { username: 'Labeler-1', password: PASSWORD })
  const answers = new URLSearchParams(back.redirect?.hash.slice(1))
  expect(answers.get('state')).toBe('state')
  const answer = await fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { origin: VIEWER },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'pandok-viewer',
      redirect_uri: `${VIEWER}/worklist`,
      code: answers.get('code') ?? '',
      code_verifier: verifier,
    }),
  })
  expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
  return Tokens.parse(await answer.json())
}

const refresh = (token: string) =>
  fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'pandok-viewer',
      refresh_token: token,
    }),
  })

const script = (username: string, secret: string) =>
  fetch(`${issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: `script-${username}`,
      client_secret: secret,
    }),
  })

interface Page {
  readonly status: number
  readonly url: URL
  readonly text: string
  /** Where it leads outside the provider. */
  readonly redirect: URL | undefined
}

/** Keeps cookies by path and follows redirects within the provider. */
class Browser {
  readonly #language: string
  readonly #cookies = new Map<string, { name: string; value: string; path: string }>()

  constructor(language = 'en') {
    this.#language = language
  }

  async follow(start: URL, form?: Record<string, string>): Promise<Page> {
    let [url, body] = [start, form]
    for (let steps = 0; steps < 10; steps++) {
      const answer = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: this.#cookiesFor(url), 'accept-language': this.#language },
        ...(body === undefined ? {} : { method: 'POST', body: new URLSearchParams(body) }),
      })
      for (const line of answer.headers.getSetCookie()) this.#keep(line)
      const text = await answer.text()
      const location = answer.headers.get('location')
      if (location === null) return { status: answer.status, url, text, redirect: undefined }
      const next = new URL(location, url)
      if (next.origin !== new URL(issuer).origin) {
        return { status: answer.status, url, text, redirect: next }
      }
      ;[url, body] = [next, undefined]
    }
    throw new Error('too many redirects')
  }

  statusCookie(): string | undefined {
    const value = [...this.#cookies.values()].find(({ name }) => name === 'KEYCLOAK_SESSION')?.value
    return value === undefined ? undefined : decodeURIComponent(value)
  }

  #cookiesFor(url: URL): string {
    return [...this.#cookies.values()]
      .filter(({ path }) => url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/;\s*/)
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const of = (key: string) =>
      attributes.find((each) => each.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1)
    const path = of('path') ?? '/'
    const expires = of('expires')
    if (expires !== undefined && new Date(expires).getTime() < Date.now()) {
      this.#cookies.delete(`${path} ${name}`)
    } else {
      this.#cookies.set(`${path} ${name}`, { name, value, path })
    }
  }
}
