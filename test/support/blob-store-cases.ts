/** What every blob store must do, whatever it keeps its bytes in: one table, run on each adapter. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { BlobArea, BlobStore } from '../../api/src/platform/blobs/index.ts'

const MIB = 1024 * 1024
const AREAS = ['quarantine', 'incoming', 'staging', 'archive', 'derived', 'release'] as const

export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export async function* piecesOf(bytes: Uint8Array, length = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    await setImmediate()
    yield bytes.subarray(at, at + length)
  }
}

async function collect(pieces: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const piece of pieces) if (Buffer.isBuffer(piece)) parts.push(piece)
  return Buffer.concat(parts)
}

async function namesIn(blobs: BlobStore, area: BlobArea): Promise<string[]> {
  const names: string[] = []
  for await (const portion of blobs.list(area)) names.push(...portion)
  return names
}

export function blobStoreCases(storeOf: () => BlobStore): void {
  const put = (area: BlobArea, bytes: Uint8Array) => storeOf().put(area, piecesOf(bytes))

  test.each(AREAS)('%s keeps and gives back', async (area) => {
    const bytes = randomBytes(1000)
    const { sha256 } = await put(area, bytes)
    expect((await storeOf().read(area, sha256)).equals(bytes)).toBe(true)
    for (const other of AREAS.filter((each) => each !== area)) {
      expect(await storeOf().size(other, sha256)).toBeUndefined()
    }
  })

  // One that is encrypted, one that is not.
  describe.each(['quarantine', 'archive'] as const)('%s', (area) => {
    test.each([
      ['nothing', 0],
      ['a byte', 1],
      ['half a MiB', MIB / 2],
      ['a whole number of MiB', 2 * MIB],
      ['more than one part', 5 * MIB + 7],
    ])('%s comes back as it was, whole and in ranges', async (_title, length) => {
      const blobs = storeOf()
      const bytes = randomBytes(length)
      const sha256 = sha256Of(bytes)
      expect(await put(area, bytes)).toEqual({ sha256, bytes: length })
      expect(await blobs.size(area, sha256)).toBe(length)
      expect((await blobs.read(area, sha256)).equals(bytes)).toBe(true)
      expect((await collect(blobs.stream(area, sha256))).equals(bytes)).toBe(true)
      const offset = Math.floor(length / 3)
      const range = { offset, length: length - offset }
      const tail = bytes.subarray(offset)
      expect((await blobs.read(area, sha256, range)).equals(tail)).toBe(true)
      expect((await collect(blobs.stream(area, sha256, range))).equals(tail)).toBe(true)
      const local = await blobs.withLocalFile(area, sha256, (path) => readFile(path))
      expect(local.equals(bytes)).toBe(true)
      await blobs.remove(area, sha256)
      expect(await blobs.size(area, sha256)).toBeUndefined()
      await blobs.remove(area, sha256)
    })

    test('a range outside the blob is BLOB_DAMAGED', async () => {
      const { sha256 } = await put(area, randomBytes(100))
      const reading = storeOf().read(area, sha256, { offset: 90, length: 11 })
      await expect(reading).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
    })

    test('what is not there is BLOB_MISSING', async () => {
      const blobs = storeOf()
      const sha256 = sha256Of(randomBytes(8))
      const missing = { code: 'BLOB_MISSING' }
      expect(await blobs.size(area, sha256)).toBeUndefined()
      expect(await blobs.storedAt(area, sha256)).toBeUndefined()
      await expect(blobs.read(area, sha256)).rejects.toMatchObject(missing)
      await expect(blobs.read(area, sha256, { offset: 0, length: 1 })).rejects.toMatchObject(
        missing,
      )
      await expect(collect(blobs.stream(area, sha256))).rejects.toMatchObject(missing)
    })

    test.each([
      [
        'other bytes than declared',
        'HASH_MISMATCH',
        { expectedSha256: sha256Of(Buffer.from('x')) },
      ],
      ['more bytes than allowed', 'TOO_LARGE', { maxBytes: 6 * MIB }],
    ])('%s: %s, and nothing stays', async (_title, code, options) => {
      const bytes = randomBytes(6 * MIB + 1)
      const putting = storeOf().put(area, piecesOf(bytes), options)
      await expect(putting).rejects.toMatchObject({ code })
      expect(await storeOf().size(area, sha256Of(bytes))).toBeUndefined()
    })

    test.each([
      ['at once', 0],
      ['in the middle', 6 * MIB],
    ])(
      'a sender that breaks off %s leaves nothing, and its error is what is seen',
      async (_t, at) => {
        const bytes = randomBytes(at)
        const broken = async function* () {
          yield* piecesOf(bytes)
          throw new Error('the sender is gone')
        }
        const before = await namesIn(storeOf(), area)
        await expect(storeOf().put(area, broken())).rejects.toThrow('the sender is gone')
        expect(await namesIn(storeOf(), area)).toEqual(before)
      },
    )

    test('the same bytes from 20 senders at once are one blob', async () => {
      const bytes = randomBytes(300_000)
      const expectedSha256 = sha256Of(bytes)
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          storeOf().put(area, piecesOf(bytes), { expectedSha256, declaredBytes: bytes.length }),
        ),
      )
      expect(new Set(answers.map(({ sha256 }) => sha256))).toEqual(new Set([expectedSha256]))
      const names = await namesIn(storeOf(), area)
      expect(names.filter((name) => name === expectedSha256)).toHaveLength(1)
      expect((await storeOf().read(area, expectedSha256)).equals(bytes)).toBe(true)
    })

    test('names come in order, after the one that is given', async () => {
      const stored = await Promise.all(
        Array.from({ length: 12 }, async () => (await put(area, randomBytes(20))).sha256),
      )
      const names = await namesIn(storeOf(), area)
      expect(names).toEqual([...names].sort())
      expect(names).toEqual(expect.arrayContaining(stored))
      const [, second = ''] = names
      const rest: string[] = []
      for await (const portion of storeOf().list(area, second)) rest.push(...portion)
      expect(rest).toEqual(names.slice(2))
    })

    test('it says when the blob came', async () => {
      // Clocks of stores count in seconds, and may be of another machine.
      const before = Date.now() - 2_000
      const { sha256 } = await put(area, randomBytes(10))
      const at = (await storeOf().storedAt(area, sha256))?.getTime() ?? 0
      expect(at).toBeGreaterThan(before)
      expect(at).toBeLessThan(Date.now() + 2_000)
    })
  })

  describe('sharing', () => {
    test.each<[BlobArea, BlobArea]>([
      ['quarantine', 'staging'],
      ['staging', 'archive'],
      ['incoming', 'quarantine'],
      ['archive', 'quarantine'],
    ])('%s → %s, twice; the one stays when the other goes', async (from, to) => {
      const blobs = storeOf()
      const bytes = randomBytes(3 * MIB)
      const { sha256 } = await put(from, bytes)
      await blobs.share(sha256, from, to)
      await blobs.share(sha256, from, to)
      await blobs.remove(from, sha256)
      expect((await blobs.read(to, sha256)).equals(bytes)).toBe(true)
    })

    test('what is not there is BLOB_MISSING', async () => {
      const sha256 = sha256Of(randomBytes(8))
      const missing = { code: 'BLOB_MISSING' }
      await expect(storeOf().share(sha256, 'staging', 'archive')).rejects.toMatchObject(missing)
      await expect(storeOf().share(sha256, 'quarantine', 'staging')).rejects.toMatchObject(missing)
      expect(await storeOf().size('staging', sha256)).toBeUndefined()
    })
  })

  describe('local files', () => {
    test.each(['quarantine', 'incoming'] as const)('%s lies plain nowhere', (area) => {
      expect(storeOf().localPath(area, sha256Of(Buffer.from('x')))).toBeUndefined()
    })

    test.each(['used', 'thrown'])('a copy is private, and gone when it was %s', async (end) => {
      const { sha256 } = await put('quarantine', randomBytes(1000))
      let seen = ''
      const using = storeOf().withLocalFile('quarantine', sha256, async (path) => {
        seen = path
        expect((await stat(path)).mode & 0o777).toBe(0o600)
        expect((await stat(dirname(path))).mode & 0o777).toBe(0o700)
        if (end === 'thrown') throw new Error('of the child')
      })
      if (end === 'thrown') await expect(using).rejects.toThrow('of the child')
      else await using
      expect(seen).not.toBe('')
      expect(existsSync(dirname(seen))).toBe(false)
    })
  })
}
