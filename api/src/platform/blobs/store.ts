/**
 * The store over an adapter: names by SHA-256 while streaming, limits, encryption of the areas that may
 * identify a person, and plain files for child processes.
 */
import { createHash, type Hash, subtle } from 'node:crypto'
import { Readable } from 'node:stream'
import { PandokError } from '@pandok/contract'
import { BlobError } from './blob-error.ts'
import { WRITE_AT_ONCE } from './durable.ts'
import type { LocalCopies } from './local-copies.ts'
import type { BlobArea, BlobStore, ByteRange, ObjectAdapter, PutOptions } from './port.ts'
import { type KeyRing, plainSize, seal, unseal, unsealRange } from './seal.ts'

const SEALED: ReadonlySet<BlobArea> = new Set<BlobArea>(['quarantine', 'incoming'])
const STREAM_BUFFER = 512 * 1024
const NO_BYTES = Buffer.alloc(0)

export function createBlobStore(parts: {
  adapter: ObjectAdapter
  keys: KeyRing
  localCopies: LocalCopies
}): BlobStore {
  const { adapter, keys, localCopies } = parts

  const put: BlobStore['put'] = async (area, source, options = {}) => {
    await adapter.admit(options.declaredBytes ?? 0)
    const meter = measure(source, options)
    const isSealed = SEALED.has(area)
    const pieces = isSealed ? seal(meter.pieces(), keys, meter.sha256) : meter.pieces()
    const name = { known: options.expectedSha256, finish: meter.sha256 }
    await adapter.write(area, pieces, name)
    return { sha256: meter.sha256(), bytes: meter.bytes() }
  }

  return {
    admit: adapter.admit,
    put,
    share: async (sha256, from, to) => {
      if (SEALED.has(from) === SEALED.has(to)) await adapter.copy(sha256, from, to)
      else await put(to, plainPieces(from, sha256), { expectedSha256: sha256 })
    },
    stream: (area, sha256, range) =>
      Readable.from(plainPieces(area, sha256, range), {
        objectMode: false,
        highWaterMark: STREAM_BUFFER,
      }),
    read: async (area, sha256, range) =>
      SEALED.has(area)
        ? await readSealed(area, sha256, range)
        : await adapter.read(area, sha256, range),
    size: async (area, sha256) => {
      const size = await adapter.size(area, sha256)
      if (size === undefined || !SEALED.has(area)) return size
      const plain = plainSize(size)
      if (plain === undefined) throw new BlobError('BLOB_DAMAGED', 'is not what was encrypted')
      return plain
    },
    remove: adapter.remove,
    withLocalFile: async (area, sha256, use) => {
      const path = localPath(area, sha256)
      if (path !== undefined) return await use(path)
      const plain = verified(plainPieces(area, sha256), sha256)
      return await localCopies.withCopy(plain, use)
    },
    withLocalFolder: localCopies.withFolder,
    localPath,
    list: (area, after = '') => adapter.list(area, after),
    storedAt: adapter.storedAt,
    sweepLeftovers: async () => ({
      removed: (await adapter.sweepLeftovers()) + (await localCopies.sweep()),
    }),
  }

  function localPath(area: BlobArea, sha256: string): string | undefined {
    return SEALED.has(area) ? undefined : adapter.localPath(area, sha256)
  }

  function plainPieces(area: BlobArea, sha256: string, range?: ByteRange): AsyncIterable<Buffer> {
    if (!SEALED.has(area)) return adapter.pieces(area, sha256, range)
    if (range === undefined) return unseal(adapter.pieces(area, sha256), keys, sha256)
    return sealedPieces(area, sha256, range)
  }

  /** A portion at a time: ranges may be long. */
  async function* sealedPieces(
    area: BlobArea,
    sha256: string,
    { offset, length }: ByteRange,
  ): AsyncGenerator<Buffer> {
    const object = await adapter.open(area, sha256)
    try {
      for (let at = 0; at < length; at += STREAM_BUFFER) {
        const portion = { offset: offset + at, length: Math.min(STREAM_BUFFER, length - at) }
        yield await unsealRange(object, portion, keys, sha256)
      }
    } finally {
      await object.close()
    }
  }

  async function readSealed(
    area: BlobArea,
    sha256: string,
    range: ByteRange | undefined,
  ): Promise<Buffer> {
    const pieces: Buffer[] = []
    for await (const piece of plainPieces(area, sha256, range)) pieces.push(piece)
    return Buffer.concat(pieces)
  }
}

/**
 * Counts and hashes what passes; refuses at the end what was not expected. A piece that looks like the
 * only one is hashed by another thread while this one encrypts it: hashing is most of the work on a
 * small file.
 */
function measure(source: AsyncIterable<Uint8Array>, options: PutOptions) {
  const { maxBytes = Number.POSITIVE_INFINITY, expectedSha256 } = options
  let bytes = 0
  let sha256: string | undefined
  return {
    bytes: () => bytes,
    sha256: () => {
      if (sha256 === undefined) throw new Error('a blob was named before it was whole')
      return sha256
    },
    pieces: async function* () {
      let lone: { piece: Uint8Array; digest: Promise<string> } | undefined
      let hash: Hash | undefined
      for await (const piece of source) {
        const isFirst = bytes === 0
        bytes += piece.length
        if (bytes > maxBytes) throw new PandokError('TOO_LARGE')
        if (isFirst && piece.length < WRITE_AT_ONCE) {
          lone = { piece, digest: digestElsewhere(piece) }
        } else {
          if (hash === undefined) hash = createHash('sha256').update(lone?.piece ?? NO_BYTES)
          hash.update(piece)
        }
        yield piece
      }
      sha256 =
        hash === undefined && lone !== undefined
          ? await lone.digest
          : (hash ?? createHash('sha256')).digest('hex')
      if (expectedSha256 !== undefined && sha256 !== expectedSha256) {
        throw new PandokError('HASH_MISMATCH')
      }
    },
  }
}

async function digestElsewhere(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await subtle.digest('SHA-256', bytes)).toString('hex')
}

/** Ends in BLOB_DAMAGED when the bytes are not those of the name. */
async function* verified(pieces: AsyncIterable<Buffer>, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
  if (hash.digest('hex') !== sha256) {
    throw new BlobError('BLOB_DAMAGED', 'the bytes do not have the hash of their name')
  }
}
