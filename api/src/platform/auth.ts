/**
 * Verifies access tokens of whichever OpenID provider is configured: signature against its JWKS,
 * issuer, audience, expiry, algorithm. Nothing of the token is trusted before that.
 */
import { createHash } from 'node:crypto'
import { PandokError } from '@pandok/contract'
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { z } from 'zod'

/** What we read of a verified access token. */
export interface Identity {
  readonly subject: string
  readonly username: string
  readonly displayName: string
  readonly isAdmin: boolean
}

export type VerifyToken = (token: string) => Promise<Identity>

const ADMIN_ROLE = 'pandok-admin'
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA']
const CLOCK_LEEWAY_SECONDS = 30
const CACHE_SIZE = 5_000
/** How long the provider may take to give its keys. */
const ANSWER_MS = 3_000
/** Less than a client waits that was told to try again. */
const FAIL_AT_ONCE_MS = 1_000

const Claims = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  /** Keycloak marks access tokens as Bearer; ID and refresh tokens must not pass as such. */
  typ: z.literal('Bearer').optional(),
  preferred_username: z.string().min(1).max(80),
  name: z.string().max(200).optional(),
  realm_access: z.object({ roles: z.array(z.string()) }).optional(),
})

export function createTokenVerifier(options: {
  issuer: string
  audience: string
  jwksUrl: string | undefined
  fetch?: typeof fetch
}): VerifyToken {
  const keys = lazyKeys(options)
  /** Verified tokens by hash, until they expire: a check costs 0.2 ms, and pages send many. */
  const verified = new Map<string, { identity: Identity; expires: number }>()

  return async (token) => {
    const hash = createHash('sha256').update(token).digest('base64')
    const known = verified.get(hash)
    if (known !== undefined && known.expires > Date.now() / 1000) return known.identity
    verified.delete(hash)
    const claims = await verify(token)
    const identity: Identity = {
      subject: claims.sub,
      username: claims.preferred_username.toLowerCase(),
      displayName: claims.name ?? claims.preferred_username,
      isAdmin: claims.realm_access?.roles.includes(ADMIN_ROLE) ?? false,
    }
    const [oldest] = verified.keys()
    if (verified.size >= CACHE_SIZE && oldest !== undefined) verified.delete(oldest)
    verified.set(hash, { identity, expires: claims.exp })
    return identity
  }

  async function verify(token: string): Promise<z.output<typeof Claims>> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: options.issuer,
        audience: options.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_LEEWAY_SECONDS,
        requiredClaims: ['exp', 'sub'],
      })
      return Claims.parse(payload)
    } catch (error) {
      if (error instanceof ProviderAway) throw new PandokError('IDENTITY_UNAVAILABLE')
      // The cause may hold the token: only its kind is kept.
      if (error instanceof errors.JWTExpired) throw new PandokError('TOKEN_INVALID', 'it expired')
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) {
        throw new PandokError('TOKEN_INVALID')
      }
      throw error
    }
  }
}

/** Its keys are not known: the token was not judged. */
class ProviderAway extends Error {
  override readonly name = 'ProviderAway'
}

/**
 * The key set's address comes from discovery, asked once it is needed. Keys that are known are used as
 * long as they are fresh. After a failure others fail at once for a moment, so that none pile up.
 */
function lazyKeys(options: { issuer: string; jwksUrl: string | undefined }): JWTVerifyGetKey {
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined
  let finding: Promise<string> | undefined
  let failedMs = Number.NEGATIVE_INFINITY
  const find = async () => {
    finding ??= discoverJwksUrl(options.issuer).finally(() => {
      finding = undefined
    })
    return await finding
  }
  return async (header, token) => {
    const isKnown = keys?.fresh === true
    if (!isKnown && performance.now() - failedMs < FAIL_AT_ONCE_MS) throw new ProviderAway()
    try {
      const url = options.jwksUrl ?? (keys === undefined ? await find() : '')
      keys ??= createRemoteJWKSet(new URL(url), { timeoutDuration: ANSWER_MS })
      return await keys(header, token)
    } catch (error) {
      if (isOfToken(error)) throw error
      failedMs = performance.now()
      throw new ProviderAway()
    }
  }
}

/** False: a time-out, no connection, or an answer that is no key set. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== 'ERR_JOSE_GENERIC'
  )
}

async function discoverJwksUrl(issuer: string): Promise<string> {
  const answer = await fetch(`${issuer}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  if (!answer.ok) throw new Error(`discovery at OIDC_ISSUER answered ${answer.status}`)
  const document = z
    .object({ issuer: z.literal(issuer), jwks_uri: z.url() })
    .parse(await answer.json())
  return document.jwks_uri
}
