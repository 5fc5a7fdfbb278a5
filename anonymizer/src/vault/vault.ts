/**
 * UIDs, pseudonyms and date offsets from a keyed hash (HMAC-SHA-256), so that the same input gives
 * the same output on any machine and in any run, and nobody without the key can find the input.
 * Plain hashes of identifiers count as identifiers still.
 */
import { DeidError } from '../errors.ts'

export interface PseudonymFormat {
  /** Such as LC. */
  readonly prefix: string
  /** How many decimal digits follow. */
  readonly digits: number
}

export interface Vault {
  /** 2.25.N with N of 128 bits (PS3.5 B.2). Standard UIDs (1.2.840.10008.…) stay as they are. */
  readonly deriveUid: (uid: string) => Promise<string>
  /** DEID_NO_PATIENT_ID when there is nothing to derive from. */
  readonly pseudonymFor: (patientId: string) => Promise<string>
  /**
   * Whole days, -3650 to -30: derived from the pseudonym, so that whoever holds the key can shift
   * a date that is typed later, without knowing the patient.
   */
  readonly dateOffsetDays: (pseudonym: string) => Promise<number>
}

const KEY_BYTES = 32
const STANDARD_ROOT = '1.2.840.10008.'
const OFFSET_MIN_DAYS = 30
const OFFSET_SPAN_DAYS = 3621

export function createKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES))
}

/** DEID_KEY unless the key has 32 bytes. */
export function openVault(key: Uint8Array, format: PseudonymFormat): Vault {
  if (key.length !== KEY_BYTES) throw new DeidError('DEID_KEY', 'the key must have 32 bytes')
  const hmacKey = crypto.subtle.importKey(
    'raw',
    Uint8Array.from(key),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  /** A number of the first `bytes` bytes of the hash; `purpose` keeps the uses apart. */
  const hash = async (purpose: string, text: string, bytes: number): Promise<bigint> => {
    const message = new TextEncoder().encode(`${purpose}\0${text}`)
    const mac = new Uint8Array(await crypto.subtle.sign('HMAC', await hmacKey, message))
    return mac.subarray(0, bytes).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  }
  const uids = new Map<string, Promise<string>>()
  return {
    deriveUid: (uid) => {
      if (uid.startsWith(STANDARD_ROOT)) return Promise.resolve(uid)
      let derived = uids.get(uid)
      if (derived === undefined) {
        derived = hash('uid', uid, 16).then((number) => `2.25.${number}`)
        uids.set(uid, derived)
      }
      return derived
    },
    pseudonymFor: async (patientId) => {
      const id = patientId.trim()
      if (id === '') throw new DeidError('DEID_NO_PATIENT_ID', '(0010,0020) is empty')
      const number = (await hash('pseudonym', id, 16)) % 10n ** BigInt(format.digits)
      return format.prefix + number.toString().padStart(format.digits, '0')
    },
    dateOffsetDays: async (pseudonym) => {
      const span = Number((await hash('date-offset', pseudonym, 8)) % BigInt(OFFSET_SPAN_DAYS))
      return -(OFFSET_MIN_DAYS + span)
    },
  }
}

export function pseudonymPattern(format: PseudonymFormat): RegExp {
  return new RegExp(`^${format.prefix}\\d{${format.digits}}$`)
}
