/**
 * An OpenID provider at Keycloak's addresses (`/realms/pandok/protocol/openid-connect/…`), so that
 * keycloak-js and the API work unchanged against it and against a real Keycloak.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import Provider, { type Configuration } from 'oidc-provider'
import type pg from 'pg'
import { adapterFor } from './adapter.ts'
import { keycloakPage, keycloakPageHeaders, STATUS_COOKIE } from './keycloak-pages.ts'
import { type LoginFault, loginPage } from './login-page.ts'
import { type Account, type IdentityState, isPassword } from './state.ts'
import { createUserInfo } from './userinfo.ts'

export interface IdentityOptions {
  readonly issuer: string
  readonly audience: string
  readonly viewerClientId: string
  /** Where the viewer is served: the only place a sign-in may lead back to. */
  readonly viewerOrigin: string
  readonly state: IdentityState
  readonly pool: pg.Pool
}

const BASE = '/protocol/openid-connect'
const API_RESOURCE = 'urn:pandok:api'
const SCOPES = 'openid profile email'
const MAX_TRIES_PER_MINUTE = 10
const MAX_FORM_BYTES = 10_000

export function createIdentityServer(options: IdentityOptions): Server {
  const { state } = options
  const mount = new URL(options.issuer).pathname
  const bySubject = new Map(state.accounts.map((account) => [account.subject, account]))
  const byClient = new Map(state.accounts.map((account) => [scriptClientOf(account), account]))
  const provider = new Provider(options.issuer, configuration(options, mount, bySubject, byClient))
  allowViewerAddresses(provider, options)
  giveRefreshTokensJwtShape(provider)
  showSessionToViewer(provider, mount)
  const userInfo = createUserInfo(options)
  const oidc = provider.callback()
  const throttle = createThrottle()

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (path.startsWith(`${mount}/login/`)) {
      await login(request, response)
      return
    }
    if (!path.startsWith(`${mount}/`)) {
      response.writeHead(404).end()
      return
    }
    allowViewerOrigin(request, response, options.viewerOrigin)
    const isOidc = path.startsWith(mount + BASE)
    const rest = path.slice(mount.length + BASE.length)
    if (isOidc && (await answerAsKeycloak(request, response, rest))) return
    // As Express mounts do: the provider finds its own prefix in originalUrl.
    Object.assign(request, { originalUrl: request.url })
    request.url = (request.url ?? '').slice(mount.length)
    await oidc(request, response)
  }
  return createServer((request, response) => {
    handle(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })

  /** Keycloak's pages and userinfo, which the provider lacks; false for all else. */
  async function answerAsKeycloak(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
  ): Promise<boolean> {
    const page = keycloakPage(path, options.viewerOrigin)
    if (page !== undefined) {
      response.writeHead(200, keycloakPageHeaders(options.viewerOrigin)).end(page)
      return true
    }
    // A preflight is the provider's to answer.
    if (path !== '/userinfo' || request.method === 'OPTIONS') return false
    const person = await userInfo(request.headers.authorization)
    if (person === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
    } else {
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(JSON.stringify(person))
    }
    return true
  }

  async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const show = (status: number, fault?: LoginFault) => {
      response.writeHead(status, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
        'x-frame-options': 'DENY',
      })
      response.end(loginPage(request.headers['accept-language'], fault))
    }
    await provider.interactionDetails(request, response)
    if (request.method !== 'POST') {
      show(200)
      return
    }
    const form = new URLSearchParams(await readForm(request))
    const username = (form.get('username') ?? '').trim().toLowerCase()
    if (!throttle(username)) {
      show(429, 'slow')
      return
    }
    const account = state.accounts.find((each) => each.username === username)
    if (!(await isPassword(form.get('password') ?? '', account)) || account === undefined) {
      show(401, 'wrong')
      return
    }
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: account.subject } },
      { mergeWithLastSubmission: false },
    )
  }
}

function scriptClientOf(account: Pick<Account, 'username'>): string {
  return `script-${account.username}`
}

function configuration(
  options: IdentityOptions,
  mount: string,
  bySubject: ReadonlyMap<string, Account>,
  byClient: ReadonlyMap<string, Account>,
): Configuration {
  const { state, viewerOrigin } = options
  const claimsOf = (account: Account) => ({
    preferred_username: account.username,
    name: account.displayName,
    realm_access: { roles: account.realmRoles },
  })
  return {
    adapter: (kind: string) => adapterFor(options.pool, kind),
    jwks: state.jwks,
    cookies: { keys: state.cookieKeys },
    routes: {
      authorization: `${BASE}/auth`,
      token: `${BASE}/token`,
      userinfo: `${BASE}/userinfo`,
      jwks: `${BASE}/certs`,
      end_session: `${BASE}/logout`,
      revocation: `${BASE}/revoke`,
    },
    clients: [
      {
        client_id: options.viewerClientId,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${viewerOrigin}/`],
        post_logout_redirect_uris: [`${viewerOrigin}/`],
      },
      ...state.accounts.flatMap((account) =>
        account.clientSecret === null
          ? []
          : [
              {
                client_id: scriptClientOf(account),
                client_secret: account.clientSecret,
                grant_types: ['client_credentials'],
                response_types: [],
                redirect_uris: [],
                token_endpoint_auth_method: 'client_secret_post' as const,
              },
            ],
      ),
    ],
    pkce: { required: () => true },
    clientBasedCORS: (_context, origin) => origin === viewerOrigin,
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
    conformIdTokenClaims: false,
    findAccount: (_context, subject) => {
      const account = bySubject.get(subject)
      if (account === undefined) return undefined
      return { accountId: subject, claims: () => ({ sub: subject, ...claimsOf(account) }) }
    },
    extraTokenClaims: (_context, token) => {
      const account =
        'accountId' in token ? bySubject.get(token.accountId) : byClient.get(token.clientId ?? '')
      return {
        typ: 'Bearer',
        azp: token.clientId,
        ...('sessionUid' in token ? { sid: token.sessionUid } : {}),
        ...(account === undefined ? {} : claimsOf(account)),
      }
    },
    formats: {
      customizers: {
        // A script acts as its person: the subject is theirs.
        jwt: (_context, token, parts) => {
          const account = byClient.get(token.clientId ?? '')
          if (account !== undefined && token.kind === 'ClientCredentials') {
            Object.assign(parts.payload, { sub: account.subject })
          }
        },
      },
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        // Keycloak asks nothing when the ID token comes along; nor do we.
        logoutSource: (context, form) => {
          context.body = `<!doctype html><meta charset="utf-8"><title>Pandok</title>${form}
            <script>
              const form = document.forms[0], yes = document.createElement('input')
              yes.type = 'hidden'; yes.name = 'logout'; yes.value = 'yes'
              form.append(yes); form.submit()
            </script>`
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => API_RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: SCOPES,
          audience: options.audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    interactions: { url: (_context, interaction) => `${mount}/login/${interaction.uid}` },
    issueRefreshToken: () => true,
    loadExistingGrant: async (context) => {
      const { client, session, provider } = context.oidc
      if (client === undefined || session?.accountId === undefined) return undefined
      const known = session.grantIdFor(client.clientId)
      const found = known === undefined ? undefined : await provider.Grant.find(known)
      if (found !== undefined) return found
      const grant = new provider.Grant({
        clientId: client.clientId,
        accountId: session.accountId,
      })
      grant.addOIDCScope(SCOPES)
      grant.addResourceScope(API_RESOURCE, SCOPES)
      await grant.save()
      return grant
    },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      ClientCredentials: 300,
      Grant: 14 * 86_400,
      IdToken: 300,
      Interaction: 3_600,
      RefreshToken: 12 * 3_600,
      Session: 12 * 3_600,
    },
    renderError: (context, out) => {
      context.type = 'text/plain; charset=utf-8'
      context.body = `${out.error}\n`
    },
  }
}

/** Keeps the cookie that the status page reads (keycloak-pages.ts) as the session is. */
function showSessionToViewer(provider: Provider, mount: string): void {
  const options = { path: mount, httpOnly: false, signed: false, sameSite: 'lax' } as const
  const realm = mount.slice(mount.lastIndexOf('/') + 1)
  provider.on('authorization.success', (context) => {
    const { session } = context.oidc
    if (session?.accountId === undefined) return
    const value = encodeURIComponent(`${realm}/${session.accountId}/${session.uid}`)
    context.cookies.set(STATUS_COOKIE, value, options)
  })
  provider.on('end_session.success', (context) => {
    context.cookies.set(STATUS_COOKIE, null, options)
  })
}

/** Keycloak takes wildcards in redirect addresses; here any page of the viewer's own origin. */
function allowViewerAddresses(provider: Provider, options: IdentityOptions): void {
  const isViewer = (client: { clientId: string }, address: string) =>
    client.clientId === options.viewerClientId &&
    URL.canParse(address) &&
    new URL(address).origin === options.viewerOrigin
  const { prototype } = provider.Client
  prototype.redirectUriAllowed = function (address) {
    return isViewer(this, address)
  }
  prototype.postLogoutRedirectUriAllowed = function (address) {
    return isViewer(this, address)
  }
}

/** keycloak-js decodes refresh tokens as JWTs: the whole string is the id that is stored. */
function giveRefreshTokensJwtShape(provider: Provider): void {
  const { prototype } = provider.RefreshToken as unknown as {
    prototype: { generateTokenId: () => string }
  }
  const original = prototype.generateTokenId
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  prototype.generateTokenId = function () {
    return `${part({ alg: 'none' })}.${part({ typ: 'Refresh' })}.${original.call(this)}`
  }
}

/**
 * keycloak-js sends its requests with credentials, and Keycloak allows that to known origins. The
 * provider's own answer lacks the header, so ours replaces it as the headers are sent.
 */
function allowViewerOrigin(
  request: IncomingMessage,
  response: ServerResponse,
  viewerOrigin: string,
): void {
  if (request.headers.origin !== viewerOrigin) return
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => ServerResponse
  Object.assign(response, {
    writeHead: (...args: unknown[]) => {
      response.setHeader('access-control-allow-origin', viewerOrigin)
      response.setHeader('access-control-allow-credentials', 'true')
      response.setHeader('vary', 'Origin')
      return writeHead(...args)
    },
  })
}

/** False when somebody has tried a name too often within a minute. */
function createThrottle(): (username: string) => boolean {
  const tries = new Map<string, number[]>()
  return (username) => {
    const now = Date.now()
    const recent = (tries.get(username) ?? []).filter((at) => now - at < 60_000)
    if (tries.size > 10_000) tries.clear()
    tries.set(username, [...recent, now])
    return recent.length < MAX_TRIES_PER_MINUTE
  }
}

async function readForm(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_FORM_BYTES) throw new Error('the form is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
