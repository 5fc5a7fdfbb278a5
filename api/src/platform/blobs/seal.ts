/**
 * Encryption at rest of what may identify a person. In: plain bytes as a stream. Out: one object
 *
 *   header  "PDKB", version 1, key id (8), nonce prefix (7), nonce (12), tag (16), wrapped data key (32)
 *   chunks  64 KiB of plain bytes each, the last one shorter or as long, each followed by its tag (16)
 *
 * A data key of 32 random bytes for each object, wrapped by a key derived from the installation's; the
 * rest of the header is authenticated with it. Chunks are AES-256-GCM under the data key with nonce =
 * prefix || number (4, big endian) || 1 for the last, 0 for others (the STREAM construction: Hoang,
 * Reyhanitabar, Rogaway, Vizár 2015), so a chunk that is changed, moved, left out or of another object
 * does not open. The last one is bound to the SHA-256 of the plain bytes, which is the blob's name: an
 * object put in another's place does not open either. The key id lets the installation's key change:
 * new objects take the first key, old ones are read with any that is configured.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { BlobError } from './blob-error.ts'
import type { ByteRange, OpenObject } from './port.ts'

const ALGORITHM = 'aes-256-gcm'
const MAGIC = Buffer.from('PDKB\u0001', 'latin1')
const KEY_ID_BYTES = 8
const PREFIX_BYTES = 7
const NONCE_BYTES = 12
const TAG_BYTES = 16
const KEY_BYTES = 32
const BOUND_BYTES = MAGIC.length + KEY_ID_BYTES + PREFIX_BYTES
const HEADER_BYTES = BOUND_BYTES + NONCE_BYTES + TAG_BYTES + KEY_BYTES
const CHUNK_BYTES = 64 * 1024
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
const MAX_CHUNKS = 2 ** 32

interface WrappingKey {
  readonly id: Buffer
  readonly key: Buffer
}

/** The first one seals, all of them open. */
export type KeyRing = readonly [WrappingKey, ...WrappingKey[]]

/** In: installation keys of 32 bytes, the one in force first. */
export function createKeyRing(current: Uint8Array, former: readonly Uint8Array[] = []): KeyRing {
  return [toWrappingKey(current), ...former.map(toWrappingKey)]
}

/** Apart from what the same key does elsewhere, and so from its limit of random nonces. */
function toWrappingKey(installationKey: Uint8Array): WrappingKey {
  const key = Buffer.from(
    hkdfSync('sha256', installationKey, '', 'pandok blob key wrapping 1', KEY_BYTES),
  )
  const id = createHmac('sha256', key).update('key id').digest().subarray(0, KEY_ID_BYTES)
  return { id, key }
}

/** `nameOf` is called after the last plain byte. */
export async function* seal(
  plain: AsyncIterable<Uint8Array>,
  [wrapping]: KeyRing,
  nameOf: () => string,
): AsyncGenerator<Buffer> {
  const prefix = randomBytes(PREFIX_BYTES)
  const secret = randomBytes(KEY_BYTES)
  yield wrapDataKey(wrapping, prefix, secret)
  // A cipher is made from it in half of the time that it takes from bytes.
  const dataKey = createSecretKey(secret)
  let rest: Uint8Array = Buffer.alloc(0)
  let number = 0
  for await (const piece of plain) {
    const waiting = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    let at = 0
    // A full chunk waits until more comes: only then it is known not to be the last.
    for (; waiting.length - at > CHUNK_BYTES; at += CHUNK_BYTES) {
      const chunk = waiting.subarray(at, at + CHUNK_BYTES)
      yield* sealChunk(dataKey, nonceOf(prefix, number, false), chunk, undefined)
      number += 1
      if (number >= MAX_CHUNKS) throw new RangeError('too long to be encrypted')
    }
    rest = waiting.subarray(at)
  }
  yield* sealChunk(dataKey, nonceOf(prefix, number, true), rest, nameOf())
}

/** The whole object; every piece that is given was authenticated, the end of the stream says all were. */
export async function* unseal(
  sealed: AsyncIterable<Uint8Array>,
  keys: KeyRing,
  name: string,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let opened: { dataKey: KeyObject; prefix: Buffer } | undefined
  let number = 0
  for await (const piece of sealed) {
    rest = Buffer.concat([rest, piece])
    if (opened === undefined) {
      if (rest.length < HEADER_BYTES) continue
      opened = openHeader(rest, keys)
      rest = rest.subarray(HEADER_BYTES)
    }
    // What may be the last chunk waits for the end.
    while (rest.length > SEALED_CHUNK_BYTES) {
      const nonce = nonceOf(opened.prefix, number, false)
      yield openChunk(opened.dataKey, nonce, rest.subarray(0, SEALED_CHUNK_BYTES), undefined)
      rest = rest.subarray(SEALED_CHUNK_BYTES)
      number += 1
    }
  }
  if (opened === undefined) throw damaged()
  yield openChunk(opened.dataKey, nonceOf(opened.prefix, number, true), rest, name)
}

/** A range of plain bytes. The last chunk is opened too: it says that this is the blob, and whole. */
export async function unsealRange(
  object: OpenObject,
  range: ByteRange,
  keys: KeyRing,
  name: string,
): Promise<Buffer> {
  const size = plainSize(object.size)
  const end = range.offset + range.length
  if (size === undefined || end > size) throw damaged()
  const { dataKey, prefix } = openHeader(
    await object.read({ offset: 0, length: HEADER_BYTES }),
    keys,
  )
  const last = chunksOf(size) - 1
  const read = async (from: number, to: number) => {
    const offset = HEADER_BYTES + from * SEALED_CHUNK_BYTES
    const bytes = Math.min(object.size, HEADER_BYTES + (to + 1) * SEALED_CHUNK_BYTES) - offset
    const sealed = await object.read({ offset, length: bytes })
    return Array.from({ length: to - from + 1 }, (_, at) => {
      const isLast = from + at === last
      const chunk = sealed.subarray(at * SEALED_CHUNK_BYTES, (at + 1) * SEALED_CHUNK_BYTES)
      const nonce = nonceOf(prefix, from + at, isLast)
      return openChunk(dataKey, nonce, chunk, isLast ? name : undefined)
    })
  }
  const from = Math.min(Math.floor(range.offset / CHUNK_BYTES), last)
  const to = Math.max(from, Math.ceil(end / CHUNK_BYTES) - 1)
  const plain = Buffer.concat(await read(from, to))
  if (to < last) await read(last, last)
  const start = range.offset - from * CHUNK_BYTES
  return plain.subarray(start, start + range.length)
}

/** Of an object's size; undefined when no blob encrypts to that many bytes. */
export function plainSize(sealedBytes: number): number | undefined {
  const body = sealedBytes - HEADER_BYTES
  if (body < TAG_BYTES) return undefined
  const plain = body - Math.ceil(body / SEALED_CHUNK_BYTES) * TAG_BYTES
  return plain < 0 ? undefined : plain
}

function chunksOf(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES))
}

function wrapDataKey(wrapping: WrappingKey, prefix: Buffer, dataKey: Buffer): Buffer {
  const bound = Buffer.concat([MAGIC, wrapping.id, prefix])
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, wrapping.key, nonce).setAAD(bound)
  const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()])
  return Buffer.concat([bound, nonce, cipher.getAuthTag(), wrapped])
}

function openHeader(header: Buffer, keys: KeyRing): { dataKey: KeyObject; prefix: Buffer } {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    // As a DICOM file begins (PS3.10 7.1), and nothing that was encrypted.
    const start = header.subarray(0, HEADER_BYTES)
    const isPreamble = start.length === HEADER_BYTES && start.every((byte) => byte === 0)
    throw isPreamble ? notEncrypted() : damaged()
  }
  const id = header.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES)
  const wrapping = keys.find((each) => each.id.equals(id))
  if (wrapping === undefined) {
    throw new BlobError('BLOB_KEY_UNKNOWN', 'encrypted with a key that is not configured here')
  }
  const bound = header.subarray(0, BOUND_BYTES)
  const nonce = header.subarray(BOUND_BYTES, BOUND_BYTES + NONCE_BYTES)
  const sealed = header.subarray(BOUND_BYTES + NONCE_BYTES, HEADER_BYTES)
  const secret = open(wrapping.key, nonce, sealed.subarray(TAG_BYTES), sealed, bound)
  return { dataKey: createSecretKey(secret), prefix: bound.subarray(BOUND_BYTES - PREFIX_BYTES) }
}

function nonceOf(prefix: Buffer, number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  prefix.copy(nonce)
  nonce.writeUInt32BE(number, PREFIX_BYTES)
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0
  return nonce
}

function sealChunk(
  dataKey: KeyObject,
  nonce: Buffer,
  plain: Uint8Array,
  name: string | undefined,
): Buffer[] {
  const cipher = createCipheriv(ALGORITHM, dataKey, nonce)
  if (name !== undefined) cipher.setAAD(Buffer.from(name, 'hex'))
  const sealed = cipher.update(plain)
  // An empty one; the tag is known after it.
  cipher.final()
  return [sealed, cipher.getAuthTag()]
}

function openChunk(
  dataKey: KeyObject,
  nonce: Buffer,
  chunk: Buffer,
  name: string | undefined,
): Buffer {
  if (chunk.length < TAG_BYTES) throw damaged()
  const sealed = chunk.subarray(0, chunk.length - TAG_BYTES)
  const bound = name === undefined ? undefined : Buffer.from(name, 'hex')
  return open(dataKey, nonce, sealed, chunk.subarray(-TAG_BYTES), bound)
}

/** `tag`: its first 16 bytes. */
function open(
  key: Buffer | KeyObject,
  nonce: Buffer,
  sealed: Buffer,
  tag: Buffer,
  bound: Buffer | undefined,
): Buffer {
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  if (bound !== undefined) decipher.setAAD(bound)
  decipher.setAuthTag(tag.subarray(0, TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()])
  } catch (error) {
    throw new BlobError('BLOB_DAMAGED', 'does not decrypt', { cause: error })
  }
}

function notEncrypted(): BlobError {
  return new BlobError(
    'BLOB_NOT_ENCRYPTED',
    'lies here unencrypted, from before this area was; send the file again',
  )
}

function damaged(): BlobError {
  return new BlobError('BLOB_DAMAGED', 'is not what was encrypted')
}
