/**
 * An OpenID provider at Keycloak's addresses (`/realms/pandok/protocol/openid-connect/…`), so that
 * keycloak-js and the API work unchanged against it and against a real Keycloak.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import Provider, { type Configuration } from 'oidc-provider'
import type pg from 'pg'
import { adapterFor } from './adapter.ts'
import { type LoginFault, loginPage } from './login-page.ts'
import { type Account, type IdentityState, isPassword } from './state.ts'

export interface IdentityOptions {
  readonly issuer: string
  readonly audience: string
  readonly viewerClientId: string
  /** Where the viewer is served: the only place a sign-in may lead back to. */
  readonly viewerOrigin: string
  readonly state: IdentityState
  readonly pool: pg.Pool
}

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

export function scriptClientOf(account: Pick<Account, 'username'>): string {
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
  const base = '/protocol/openid-connect'
  return {
    adapter: (kind: string) => adapterFor(options.pool, kind),
    jwks: state.jwks,
    cookies: { keys: state.cookieKeys },
    routes: {
      authorization: `${base}/auth`,
      token: `${base}/token`,
      userinfo: `${base}/userinfo`,
      jwks: `${base}/certs`,
      end_session: `${base}/logout`,
      revocation: `${base}/revoke`,
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
