/**
 * Wraps a project's key with the installation's key (AES-256-GCM), bound to project and version: a row
 * that is put in another's place does not open.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

export interface KeyName {
  readonly projectId: string
  /** From 1. */
  readonly version: number
}

export function wrapKey(key: Uint8Array, installationKey: Uint8Array, name: KeyName): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', installationKey, nonce)
  cipher.setAAD(bindingOf(name))
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** Throws when the installation's key is not the one the key was wrapped with. */
export function unwrapKey(wrapped: Buffer, installationKey: Uint8Array, name: KeyName): Uint8Array {
  const nonce = wrapped.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', installationKey, nonce)
  decipher.setAAD(bindingOf(name))
  decipher.setAuthTag(wrapped.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  const sealed = wrapped.subarray(NONCE_BYTES + TAG_BYTES)
  return Buffer.concat([decipher.update(sealed), decipher.final()])
}

/** The first version is bound as it was before there were versions. */
function bindingOf({ projectId, version }: KeyName): Buffer {
  return Buffer.from(version === 1 ? projectId : `${projectId}/${version}`)
}
