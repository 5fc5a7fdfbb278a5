import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { OpenObject } from './port.ts'
import { createKeyRing, type KeyRing, plainSize, seal, unseal, unsealRange } from './seal.ts'

const CHUNK = 64 * 1024
const HEADER = 80
const SEALED = CHUNK + 16
const keys = createKeyRing(randomBytes(32))

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** In pieces of a length that fits no chunk. */
async function* inPieces(bytes: Uint8Array, length = 10_007): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return Buffer.concat(parts)
}

const sealed = (plain: Uint8Array, ring: KeyRing = keys) =>
  all(seal(inPieces(plain), ring, () => sha256(plain)))

function asObject(bytes: Buffer): OpenObject {
  return {
    size: bytes.length,
    read: ({ offset, length }) => Promise.resolve(bytes.subarray(offset, offset + length)),
    close: () => Promise.resolve(),
  }
}

describe('round trips', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17])(
    '%i bytes come back, and their size is known from the size of the object',
    async (length) => {
      const plain = randomBytes(length)
      const object = await sealed(plain)
      if (length >= CHUNK - 1) expect(object.includes(plain.subarray(0, 32))).toBe(false)
      expect(plainSize(object.length)).toBe(length)
      const back = await all(unseal(inPieces(object, 999), keys, sha256(plain)))
      expect(back.equals(plain)).toBe(true)
    },
  )

  test.each([
    ['in one chunk', 10, 100],
    ['over an edge', CHUNK - 5, 10],
    ['a whole chunk', CHUNK, CHUNK],
    ['over three chunks', CHUNK - 1, CHUNK + 2],
    ['in the last', 3 * CHUNK + 1, 16],
    ['to the end', 5, 3 * CHUNK + 12],
    ['nothing', 7, 0],
  ])('a range %s', async (_title, offset, length) => {
    const plain = randomBytes(3 * CHUNK + 17)
    const object = asObject(await sealed(plain))
    const range = await unsealRange(object, { offset, length }, keys, sha256(plain))
    expect(range.equals(plain.subarray(offset, offset + length))).toBe(true)
  })

  test('the same bytes give another object each time', async () => {
    const plain = randomBytes(100)
    expect((await sealed(plain)).equals(await sealed(plain))).toBe(false)
  })
})

describe('what is not the object that was sealed is refused', () => {
  const plain = randomBytes(3 * CHUNK + 17)
  const other = randomBytes(3 * CHUNK + 17)
  const chunk = (object: Buffer, number: number) =>
    object.subarray(HEADER + number * SEALED, HEADER + (number + 1) * SEALED)
  const flipped = (at: number) => (object: Buffer) => {
    const changed = Buffer.from(object)
    changed[at] = (changed[at] ?? 0) ^ 1
    return changed
  }
  test.each<[string, (object: Buffer, foreign: Buffer) => Buffer]>([
    ['nothing at all', () => Buffer.alloc(0)],
    ['plain bytes', () => plain],
    ['the header alone', (object) => object.subarray(0, HEADER)],
    ['a version that is not known', flipped(4)],
    ['a flipped bit of the nonce prefix', flipped(13)],
    ['a flipped bit of the wrapping nonce', flipped(20)],
    ['a flipped bit of the wrapping tag', flipped(32)],
    ['a flipped bit of the wrapped key', flipped(48)],
    ['a flipped bit of a chunk', flipped(HEADER + SEALED + 100)],
    ['a flipped bit of a tag', flipped(HEADER + CHUNK)],
    ['a flipped bit of the last chunk', flipped(HEADER + 3 * SEALED)],
    ['a cut tail', (object) => object.subarray(0, -1)],
    ['the last chunk left out', (object) => object.subarray(0, HEADER + 3 * SEALED)],
    ['a byte too many', (object) => Buffer.concat([object, Buffer.alloc(1)])],
    [
      'two chunks in each other’s place',
      (object) =>
        Buffer.concat([
          object.subarray(0, HEADER),
          chunk(object, 1),
          chunk(object, 0),
          object.subarray(HEADER + 2 * SEALED),
        ]),
    ],
    [
      'a chunk of another object',
      (object, foreign) =>
        Buffer.concat([
          object.subarray(0, HEADER + SEALED),
          chunk(foreign, 1),
          object.subarray(HEADER + 2 * SEALED),
        ]),
    ],
    ['another object in its place', (_object, foreign) => foreign],
    [
      'the header of another object',
      (object, foreign) => Buffer.concat([foreign.subarray(0, HEADER), object.subarray(HEADER)]),
    ],
  ])('%s', async (_title, change) => {
    const changed = change(await sealed(plain), await sealed(other))
    const refusal = { code: 'BLOB_DAMAGED' }
    const name = sha256(plain)
    await expect(all(unseal(inPieces(changed), keys, name))).rejects.toMatchObject(refusal)
    // A range anywhere else than at the fault may be right; one over everything is not.
    const whole = { offset: 0, length: plain.length }
    await expect(unsealRange(asObject(changed), whole, keys, name)).rejects.toMatchObject(refusal)
  })

  test.each<[string, (object: Buffer, foreign: Buffer) => Buffer]>([
    ['a cut tail', (object) => object.subarray(0, -1)],
    ['the last chunk left out', (object) => object.subarray(0, HEADER + 3 * SEALED)],
    ['another object in its place', (_object, foreign) => foreign],
  ])('%s, by a range of the first bytes too', async (_title, change) => {
    const changed = asObject(change(await sealed(plain), await sealed(other)))
    const first = { offset: 0, length: 10 }
    await expect(unsealRange(changed, first, keys, sha256(plain))).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
    })
  })
})

test.each<[string, Buffer, string]>([
  [
    'a file of before there was encryption',
    Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), randomBytes(300)]),
    'BLOB_NOT_ENCRYPTED',
  ],
  ['a text', Buffer.alloc(500, 'abcdefghij'), 'BLOB_DAMAGED'],
  ['fewer bytes than a header', Buffer.alloc(60), 'BLOB_DAMAGED'],
])('%s, where something encrypted should be', async (_title, bytes, code) => {
  const whole = { offset: 0, length: 10 }
  const name = sha256(bytes)
  await expect(all(unseal(inPieces(bytes), keys, name))).rejects.toMatchObject({ code })
  await expect(unsealRange(asObject(bytes), whole, keys, name)).rejects.toMatchObject({ code })
})

describe('the key of the installation', () => {
  const former = randomBytes(32)
  const current = randomBytes(32)
  const plain = Buffer.from('bytes of before the change')

  test('what a former key sealed is read while that key is configured', async () => {
    const object = await sealed(plain, createKeyRing(former))
    const both = createKeyRing(current, [former])
    expect((await all(unseal(inPieces(object), both, sha256(plain)))).equals(plain)).toBe(true)
  })

  test('what is new is sealed with the current key', async () => {
    const object = await sealed(plain, createKeyRing(current, [former]))
    const alone = createKeyRing(current)
    expect((await all(unseal(inPieces(object), alone, sha256(plain)))).equals(plain)).toBe(true)
  })

  test('any other key is refused by its id', async () => {
    const object = await sealed(plain, createKeyRing(former))
    const reading = all(unseal(inPieces(object), createKeyRing(current), sha256(plain)))
    await expect(reading).rejects.toMatchObject({ code: 'BLOB_KEY_UNKNOWN' })
  })

  test('a key under another’s id is refused', async () => {
    const object = await sealed(plain, createKeyRing(former))
    const [{ id }] = createKeyRing(former)
    const [{ key }] = createKeyRing(current)
    const reading = all(unseal(inPieces(object), [{ id, key }], sha256(plain)))
    await expect(reading).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
  })
})
