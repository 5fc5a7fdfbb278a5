/**
 * Signs entries with what only the holder of a project's key has: whoever rebuilds the whole chain
 * without it is seen. Also the name by which records call a key, which says nothing of the key.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

export interface LedgerSigner {
  /** Fingerprint of its key. */
  readonly key: string
  /** Hexadecimal MAC of an entry's hash. */
  readonly sign: (hash: string) => string
}

/** 64 bits in hexadecimal, from a keyed hash: enough to tell keys apart, nothing to try keys with. */
export function keyFingerprint(key: Uint8Array): string {
  return mac(key, 'fingerprint', '').slice(0, 16)
}

export function createSigner(key: Uint8Array): LedgerSigner {
  const own = Uint8Array.from(key)
  return { key: keyFingerprint(own), sign: (hash) => mac(own, 'ledger', hash) }
}

/** `purpose` keeps this use apart from those of the vault. */
function mac(key: Uint8Array, purpose: string, text: string): string {
  return bytesToHex(hmac(sha256, key, utf8ToBytes(`${purpose}\0${text}`)))
}
