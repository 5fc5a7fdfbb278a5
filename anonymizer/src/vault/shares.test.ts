/** Any two have the secret; one alone has nothing that tells one secret from another. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinShares, splitSecret } from './shares.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

test('any two of up to 255 persons have the secret', () => {
  fc.assert(
    fc.property(
      bytes(32),
      bytes(32),
      fc.integer({ min: 2, max: 255 }),
      (secret, slopes, persons) => {
        const shares = splitSecret(secret, persons, slopes)
        const [first, last] = [shares[0], shares.at(-1)]
        if (first === undefined || last === undefined) return
        expect(joinShares(first, last)).toEqual(secret)
        expect(joinShares(last, first)).toEqual(secret)
      },
    ),
  )
  const secret = Uint8Array.from({ length: 32 }, (_, at) => at * 7)
  const shares = splitSecret(
    secret,
    7,
    secret.map((byte) => byte ^ 0x5a),
  )
  let pairs = 0
  for (const a of shares) {
    for (const b of shares) {
      if (a === b) continue
      expect(joinShares(a, b)).toEqual(secret)
      pairs++
    }
  }
  console.log(`shares: ${pairs} of ${7 * 6} pairs have the secret`)
})

test('one share fits every secret: each of 256 by exactly one slope', () => {
  for (const number of [1, 2, 3]) {
    const held = 0xc3
    const fitting: number[] = []
    for (let secret = 0; secret < 256; secret++) {
      for (let slope = 0; slope < 256; slope++) {
        const shares = splitSecret(Uint8Array.of(secret), 3, Uint8Array.of(slope))
        if (shares[number - 1]?.bytes[0] === held) fitting.push(secret)
      }
    }
    expect(fitting).toEqual(Array.from({ length: 256 }, (_, secret) => secret))
  }
})

test('shares of one person, of other lengths and impossible numbers are refused', () => {
  const [share] = splitSecret(Uint8Array.of(1, 2), 2, Uint8Array.of(3, 4))
  if (share === undefined) expect.fail()
  expect(() => joinShares(share, share)).toThrow(RangeError)
  expect(() => joinShares(share, { number: 2, bytes: Uint8Array.of(1) })).toThrow(RangeError)
  expect(() => splitSecret(Uint8Array.of(1), 1, Uint8Array.of(1))).toThrow(RangeError)
  expect(() => splitSecret(Uint8Array.of(1), 256, Uint8Array.of(1))).toThrow(RangeError)
  expect(() => splitSecret(Uint8Array.of(1), 2, Uint8Array.of(1, 2))).toThrow(RangeError)
})
