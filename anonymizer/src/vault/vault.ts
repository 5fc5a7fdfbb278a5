/**
 * UIDs, pseudonyms and date offsets from a keyed hash (HMAC-SHA-256), so that the same input gives
 * the same output on any machine and in any run, and nobody without the key can find the input.
 * Plain hashes of identifiers count as identifiers still.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { DeidError } from '../errors.ts'

export interface PseudonymFormat {
  /** Such as LC. */
  readonly prefix: string
  /** How many decimal digits follow. */
  readonly digits: number
}

export interface Vault {
  readonly format: PseudonymFormat
  /** 2.25.N with N of 128 bits (PS3.5 B.2). Standard UIDs (1.2.840.10008.…) stay as they are. */
  readonly deriveUid: (uid: string) => string
  /** DEID_NO_PATIENT_ID when there is nothing to derive from. */
  readonly pseudonymFor: (patientId: string) => string
  /**
   * 128 bits in hexadecimal that tell two patients apart even when their pseudonyms collide, and
   * nothing else to anybody without the key.
   */
  readonly subjectDigest: (patientId: string) => string
  /**
   * Whole days, -3650 to -30: derived from the pseudonym, so that whoever holds the key can shift
   * a date that is typed later, without knowing the patient.
   */
  readonly dateOffsetDays: (pseudonym: string) => number
}

const KEY_BYTES = 32
/**
 * Well-known UIDs of PS3.6 annex A. Their numbers are short: longer ones under this root may be an
 * identifier that somebody put there.
 */
export const STANDARD_UID = /^1\.2\.840\.10008(\.\d{1,4}){1,8}$/
const OFFSET_MIN_DAYS = 30
const OFFSET_SPAN_DAYS = 3621
/** References and patients repeat within a series. */
const MAX_CACHED = 10_000

export function createKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES))
}

/** DEID_KEY unless the key has 32 bytes. */
export function openVault(key: Uint8Array, format: PseudonymFormat): Vault {
  if (key.length !== KEY_BYTES) throw new DeidError('DEID_KEY', 'the key must have 32 bytes')
  const keyed = hmac.create(sha256, Uint8Array.from(key))
  const encoder = new TextEncoder()
  /** `purpose` keeps the uses apart. */
  const mac = (purpose: string, text: string): Uint8Array =>
    keyed
      .clone()
      .update(encoder.encode(`${purpose}\0${text}`))
      .digest()
  const uids = createCache<string>()
  const pseudonyms = createCache<string>()
  const digests = createCache<string>()
  const offsets = createCache<number>()
  return {
    format,
    deriveUid: (uid) =>
      STANDARD_UID.test(uid)
        ? uid
        : uids(uid, () => `2.25.${BigInt(`0x${hex(mac('uid', uid), 16)}`)}`),
    pseudonymFor: (patientId) =>
      pseudonyms(patientId, () => {
        const number = BigInt(`0x${hex(mac('pseudonym', idOf(patientId)), 16)}`)
        const digits = (number % 10n ** BigInt(format.digits)).toString()
        return format.prefix + digits.padStart(format.digits, '0')
      }),
    subjectDigest: (patientId) =>
      digests(patientId, () => hex(mac('subject', idOf(patientId)), 16)),
    dateOffsetDays: (pseudonym) =>
      offsets(pseudonym, () => {
        const number = BigInt(`0x${hex(mac('date-offset', pseudonym), 8)}`)
        return -(OFFSET_MIN_DAYS + Number(number % BigInt(OFFSET_SPAN_DAYS)))
      }),
  }
}

/** In bounded memory: when it is full it starts again. */
function createCache<T extends string | number>() {
  const known = new Map<string, T>()
  return (key: string, make: () => T): T => {
    let made = known.get(key)
    if (made === undefined) {
      made = make()
      if (known.size >= MAX_CACHED) known.clear()
      known.set(key, made)
    }
    return made
  }
}

function idOf(patientId: string): string {
  const id = patientId.trim()
  if (id === '') throw new DeidError('DEID_NO_PATIENT_ID', '(0010,0020) is empty')
  return id
}

/** The first `count` bytes. */
function hex(bytes: Uint8Array, count: number): string {
  let text = ''
  for (const byte of bytes.subarray(0, count)) text += HEX[byte] ?? ''
  return text
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function pseudonymPattern(format: PseudonymFormat): RegExp {
  return new RegExp(`^${format.prefix}\\d{${format.digits}}$`)
}
