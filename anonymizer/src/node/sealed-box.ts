/**
 * Encrypts to a public key so that whoever encrypts cannot read it back. A fresh X25519 pair per box:
 *
 *     box = fresh public key (32) ‖ AES-256-GCM(text) ‖ tag (16)
 *     key (32) ‖ nonce (12) = HKDF-SHA256(X25519(fresh, recipient),
 *         salt = fresh public key ‖ recipient's public key, info = "pandok sealed box 1")
 *
 * What stands beside a box in clear is authenticated with it. The nonce may come from the agreement,
 * for no two boxes share a key.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'

const [PUBLIC_BYTES, KEY_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 32, 12, 16]
const INFO = 'pandok sealed box 1'

export interface BoxKeys {
  /** 32 bytes each. */
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

export function createBoxKeys(): BoxKeys {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return {
    publicKey: part(publicKey, 'x'),
    privateKey: part(privateKey, 'd'),
  }
}

export function sealBox(text: Uint8Array, publicKey: Uint8Array, beside: string): Uint8Array {
  const fresh = generateKeyPairSync('x25519')
  const own = part(fresh.publicKey, 'x')
  const shared = diffieHellman({ privateKey: fresh.privateKey, publicKey: publicOf(publicKey) })
  const { key, nonce } = derived(shared, own, publicKey)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(beside))
  return Buffer.concat([own, cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

/** undefined: not for these keys, or changed, or not what stood beside it. */
export function openBox(
  box: Uint8Array,
  { publicKey, privateKey }: BoxKeys,
  beside: string,
): Uint8Array | undefined {
  if (box.length < PUBLIC_BYTES + TAG_BYTES) return undefined
  const fresh = box.subarray(0, PUBLIC_BYTES)
  const end = box.length - TAG_BYTES
  try {
    const shared = diffieHellman({
      privateKey: privateOf(publicKey, privateKey),
      publicKey: publicOf(fresh),
    })
    const { key, nonce } = derived(shared, fresh, publicKey)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
      .setAAD(Buffer.from(beside))
      .setAuthTag(box.subarray(end))
    return Buffer.concat([decipher.update(box.subarray(PUBLIC_BYTES, end)), decipher.final()])
  } catch {
    return undefined
  }
}

function derived(shared: Uint8Array, fresh: Uint8Array, recipient: Uint8Array) {
  const salt = Buffer.concat([fresh, recipient])
  const bytes = Buffer.from(hkdfSync('sha256', shared, salt, INFO, KEY_BYTES + NONCE_BYTES))
  return { key: bytes.subarray(0, KEY_BYTES), nonce: bytes.subarray(KEY_BYTES) }
}

function part(key: KeyObject, name: 'x' | 'd'): Uint8Array {
  return Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url')
}

function publicOf(bytes: Uint8Array): KeyObject {
  const x = Buffer.from(bytes).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
}

function privateOf(publicKey: Uint8Array, privateKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url')
  const d = Buffer.from(privateKey).toString('base64url')
  return createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', x, d }, format: 'jwk' })
}
