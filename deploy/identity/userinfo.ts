/**
 * Answers who an API access token belongs to (OpenID Connect Core 5.3). The provider's own endpoint
 * refuses tokens made for a resource, which ours are; Keycloak's does not.
 */
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose'
import { z } from 'zod'
import type { IdentityState } from './state.ts'

const Claims = z.object({ sub: z.string(), preferred_username: z.string(), name: z.string() })
export type UserInfo = z.infer<typeof Claims>

/** Resolves to undefined for anything but a valid token. */
export function createUserInfo(options: {
  issuer: string
  audience: string
  state: IdentityState
}): (authorization: string | undefined) => Promise<UserInfo | undefined> {
  const { issuer, audience } = options
  const keys = createLocalJWKSet({ keys: options.state.jwks.keys.map(publicPart) })
  return async (authorization) => {
    // keycloak-js writes "bearer" in lower case.
    const token = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return undefined
    const verified = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms: ['RS256'],
    }).catch(() => undefined)
    return Claims.safeParse(verified?.payload).data
  }
}

const PublicKey = z.object({
  kty: z.string(),
  kid: z.string(),
  alg: z.string(),
  use: z.string(),
  n: z.string(),
  e: z.string(),
})

/** Leaves the private members out. */
const publicPart = (key: Record<string, unknown>): JWK => PublicKey.parse(key)
