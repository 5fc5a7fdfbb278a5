/**
 * What the embedded identity provider must remember beside its sessions: signing keys, cookie keys,
 * accounts (scrypt hashes) and script clients. One file, mode 0600, made once.
 */
import { generateKeyPairSync, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { z } from 'zod'

export const Account = z.object({
  subject: z.string(),
  username: z.string(),
  displayName: z.string(),
  /** base64 of salt (16 bytes) and scrypt hash (32 bytes) */
  passwordHash: z.string(),
  realmRoles: z.array(z.string()),
  /** Secret of the client `script-<username>`; null when there is none. */
  clientSecret: z.string().nullable(),
})
export type Account = z.infer<typeof Account>

export const IdentityState = z.object({
  cookieKeys: z.array(z.string()).min(1),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  accounts: z.array(Account),
})
export type IdentityState = z.infer<typeof IdentityState>

const SALT_BYTES = 16
const HASH_BYTES = 32
const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/** An RSA key pair as JWK (RFC 7517), with a name of its own. */
export function newSigningKey(): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() }
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  return Buffer.concat([salt, await derive(password, salt, HASH_BYTES)]).toString('base64')
}

/** Takes the same time for an unknown account as for a wrong password. */
export async function isPassword(password: string, account: Account | undefined): Promise<boolean> {
  const stored =
    account === undefined
      ? Buffer.alloc(SALT_BYTES + HASH_BYTES)
      : Buffer.from(account.passwordHash, 'base64')
  const hash = await derive(password, stored.subarray(0, SALT_BYTES), HASH_BYTES)
  return timingSafeEqual(hash, stored.subarray(SALT_BYTES)) && account !== undefined
}
