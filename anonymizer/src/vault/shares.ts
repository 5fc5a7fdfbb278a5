/**
 * Splits a secret so that any two of several persons have it together, and one alone has nothing
 * (Shamir 1979, threshold two): byte by byte a straight line over GF(256) whose value at 0 is the
 * secret, each person holding another point of it.
 */

export interface Share {
  /** Where on the line: 1 to 255. */
  readonly number: number
  readonly bytes: Uint8Array
}

/** `slopes`: as many random bytes as the secret has. */
export function splitSecret(secret: Uint8Array, persons: number, slopes: Uint8Array): Share[] {
  if (!(Number.isInteger(persons) && persons >= 2 && persons <= 255)) {
    throw new RangeError('a secret is split among 2 to 255 persons')
  }
  if (slopes.length !== secret.length) throw new RangeError('a slope for every byte')
  return Array.from({ length: persons }, (_, at) => ({
    number: at + 1,
    bytes: secret.map((byte, index) => byte ^ times(slopes[index] ?? 0, at + 1)),
  }))
}

/** The value at 0 of the line through two points. Two shares of one person have none. */
export function joinShares(a: Share, b: Share): Uint8Array {
  if (a.number === b.number || a.bytes.length !== b.bytes.length) {
    throw new RangeError('two different shares of one secret are needed')
  }
  const between = inverse(a.number ^ b.number)
  const [weightA, weightB] = [times(b.number, between), times(a.number, between)]
  return a.bytes.map((byte, at) => times(byte, weightA) ^ times(b.bytes[at] ?? 0, weightB))
}

/** Product in GF(256) modulo x^8 + x^4 + x^3 + x + 1; no table, whose reads would tell of the secret. */
function times(a: number, b: number): number {
  let product = 0
  for (let bit = 0, power = a; bit < 8; bit++) {
    product ^= power & -((b >> bit) & 1)
    power = (power << 1) ^ (0x11b & -(power >> 7))
  }
  return product
}

/** a^254, for a^255 is 1. */
function inverse(a: number): number {
  let result = 1
  for (let each = 0; each < 254; each++) result = times(result, a)
  return result
}
