/**
 * The files within a zip that was chosen, read by slices (APPNOTE 4.3): its directory first, and each
 * file when it is asked for, so that a zip of many gigabytes costs no memory. Nothing is written
 * anywhere, so no name can lead outside; a zip that tries is refused all the same, whole, with a code.
 */

/** Bytes that are opened when they are needed. */
export interface ChosenFile {
  /** For this window only: names of files may hold names of people. */
  readonly name: string
  readonly size: number
  readonly lastModified: number
  /** Rejects with ZipError for an entry that is not what the directory says. */
  readonly open: () => Promise<Blob>
}

export type ZipCode =
  | 'ZIP_DAMAGED'
  | 'ZIP_ENCRYPTED'
  /** Compressed in a way that is not read here. */
  | 'ZIP_METHOD'
  /** An absolute name, or one that leads out of the folder. */
  | 'ZIP_PATH'
  /** A link or a device. */
  | 'ZIP_SYMLINK'
  | 'ZIP_DUPLICATE'
  | 'ZIP_TOO_MANY'
  /** More bytes, or fewer, than the directory says; or far more than any image is deflated. */
  | 'ZIP_SIZE'
  | 'ZIP_NESTED'

export class ZipError extends Error {
  override readonly name = 'ZipError'
  readonly code: ZipCode
  constructor(code: ZipCode) {
    super(code)
    this.code = code
  }
}

const MAX_ENTRIES = 1_000_000
/** Of one entry. */
const MAX_BYTES = 2 * 1024 ** 3
/** Deflate makes 1,032 bytes of one at most; blank images come near it, so small ones are let be. */
const MAX_RATIO = 200
const HEAD_START = 32 * 1024 ** 2

const END = 0x06054b50
const END_64 = 0x06064b50
const LOCATOR_64 = 0x07064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const END_BYTES = 22
const MAX_COMMENT = 0xffff
const CENTRAL_BYTES = 46
const LOCAL_BYTES = 30
const [STORED, DEFLATED] = [0, 8]
/** Unix file types in the upper half of the external attributes: regular file, folder. */
const [TYPE_MASK, REGULAR, FOLDER] = [0o170000, 0o100000, 0o040000]
const LEFTOVERS = /(^|\/)(__MACOSX\/.*|\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$/i

interface Entry {
  readonly name: string
  readonly method: number
  readonly crc32: number
  readonly compressedBytes: number
  readonly bytes: number
  readonly offset: number
}

export const isZip = (file: File): boolean => /\.zip$/i.test(file.name)

/** Throws ZipError for a zip that is refused whole. `root`: what its files are named below. */
export async function zipEntries(zip: File, root: string): Promise<ChosenFile[]> {
  const names = new Set<string>()
  const files: ChosenFile[] = []
  for (const entry of await readDirectory(zip)) {
    // Two programs would see two different files: which one was looked at?
    if (names.has(entry.name)) throw new ZipError('ZIP_DUPLICATE')
    names.add(entry.name)
    if (entry.name.endsWith('/') || LEFTOVERS.test(entry.name)) continue
    files.push({
      name: `${root}/${entry.name}`,
      size: entry.bytes,
      lastModified: zip.lastModified,
      open: () => openEntry(zip, entry),
    })
  }
  return files
}

async function readDirectory(zip: Blob): Promise<Entry[]> {
  const { offset, bytes, count } = await findDirectory(zip)
  if (count > MAX_ENTRIES) throw new ZipError('ZIP_TOO_MANY')
  if (offset + bytes > zip.size) throw damaged()
  const view = new DataView(await zip.slice(offset, offset + bytes).arrayBuffer())
  const entries: Entry[] = []
  let at = 0
  while (entries.length < count) {
    if (at + CENTRAL_BYTES > view.byteLength || view.getUint32(at, true) !== CENTRAL) {
      throw damaged()
    }
    const lengths = [28, 30, 32].map((place) => view.getUint16(at + place, true))
    const [nameBytes = 0, extraBytes = 0, commentBytes = 0] = lengths
    const end = at + CENTRAL_BYTES + nameBytes + extraBytes + commentBytes
    if (end > view.byteLength) throw damaged()
    entries.push(readEntry(view, at, nameBytes, extraBytes))
    at = end
  }
  return entries
}

async function findDirectory(zip: Blob) {
  const start = Math.max(0, zip.size - END_BYTES - MAX_COMMENT)
  const view = new DataView(await zip.slice(start).arrayBuffer())
  for (let at = view.byteLength - END_BYTES; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue
    const count = view.getUint16(at + 10, true)
    const bytes = view.getUint32(at + 12, true)
    const offset = view.getUint32(at + 16, true)
    const isLarge = count === 0xffff || bytes === 0xffffffff || offset === 0xffffffff
    return isLarge ? await findDirectory64(zip, start + at) : { count, bytes, offset }
  }
  throw damaged()
}

async function findDirectory64(zip: Blob, endAt: number) {
  const locator = new DataView(await zip.slice(Math.max(0, endAt - 20), endAt).arrayBuffer())
  if (locator.byteLength < 20 || locator.getUint32(0, true) !== LOCATOR_64) throw damaged()
  const at = Number(locator.getBigUint64(8, true))
  const view = new DataView(await zip.slice(at, at + 56).arrayBuffer())
  if (view.byteLength < 56 || view.getUint32(0, true) !== END_64) throw damaged()
  const [count, bytes, offset] = [32, 40, 48].map((place) =>
    Number(view.getBigUint64(place, true)),
  ) as [number, number, number]
  return { count, bytes, offset }
}

function readEntry(view: DataView, at: number, nameBytes: number, extraBytes: number): Entry {
  const flags = view.getUint16(at + 8, true)
  if ((flags & 0x2041) !== 0) throw new ZipError('ZIP_ENCRYPTED')
  const method = view.getUint16(at + 10, true)
  if (method !== STORED && method !== DEFLATED) throw new ZipError('ZIP_METHOD')
  const nameAt = view.byteOffset + at + CENTRAL_BYTES
  // Names are only shown: one in a code page of old reads badly, and is the same file.
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, nameAt, nameBytes))
  refuseName(name)
  const type = (view.getUint32(at + 38, true) >>> 16) & TYPE_MASK
  if (type !== 0 && type !== REGULAR && type !== FOLDER) throw new ZipError('ZIP_SYMLINK')
  const sizes = {
    bytes: view.getUint32(at + 24, true),
    compressedBytes: view.getUint32(at + 20, true),
    offset: view.getUint32(at + 42, true),
  }
  return {
    name,
    method,
    crc32: view.getUint32(at + 16, true),
    ...largeSizes(view, at + CENTRAL_BYTES + nameBytes, extraBytes, sizes),
  }
}

function refuseName(name: string): void {
  const isAbsolute = /^([/\\]|[a-z]:)/i.test(name)
  const leadsOut = name.split(/[/\\]/).includes('..')
  if (isAbsolute || leadsOut || name.includes('\0')) throw new ZipError('ZIP_PATH')
}

type Sizes = Pick<Entry, 'bytes' | 'compressedBytes' | 'offset'>

/** The extra field of ZIP64 holds, in this order, what does not fit into 32 bits. */
function largeSizes(view: DataView, start: number, length: number, sizes: Sizes): Sizes {
  let found = sizes
  for (let at = start; at + 4 <= start + length; ) {
    const [id, bytes] = [view.getUint16(at, true), view.getUint16(at + 2, true)]
    let place = at + 4
    const end = Math.min(place + bytes, start + length)
    if (id === 1) {
      for (const name of ['bytes', 'compressedBytes', 'offset'] as const) {
        if (found[name] !== 0xffffffff) continue
        if (place + 8 > end) throw damaged()
        found = { ...found, [name]: Number(view.getBigUint64(place, true)) }
        place += 8
      }
    }
    at += 4 + bytes
  }
  return found
}

async function openEntry(zip: Blob, entry: Entry): Promise<Blob> {
  if (/\.(zip|7z|rar|tar|gz)$/i.test(entry.name)) throw new ZipError('ZIP_NESTED')
  const { bytes, compressedBytes, offset, method } = entry
  const isBomb = bytes > HEAD_START && bytes > compressedBytes * MAX_RATIO
  if (bytes > MAX_BYTES || isBomb) throw new ZipError('ZIP_SIZE')
  const header = new DataView(await zip.slice(offset, offset + LOCAL_BYTES).arrayBuffer())
  if (header.byteLength < LOCAL_BYTES || header.getUint32(0, true) !== LOCAL) throw damaged()
  const start = offset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true)
  const stored = zip.slice(start, start + compressedBytes)
  if (stored.size !== compressedBytes) throw damaged()
  if (method === STORED) {
    if (bytes !== compressedBytes) throw new ZipError('ZIP_SIZE')
    return stored
  }
  return await inflated(stored, entry)
}

/** Never more than announced: a bomb ends here. */
async function inflated(stored: Blob, entry: Entry): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let total = 0
  let crc = 0xffffffff
  const reader = stored.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      total += value.byteLength
      if (total > entry.bytes) throw new ZipError('ZIP_SIZE')
      crc = crcOf(crc, value)
      parts.push(value)
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined)
    throw error instanceof ZipError ? error : damaged()
  }
  if (total !== entry.bytes) throw new ZipError('ZIP_SIZE')
  if ((crc ^ 0xffffffff) >>> 0 !== entry.crc32) throw damaged()
  return new Blob(parts)
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, at) => {
  let value = at
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})

function crcOf(crc: number, bytes: Uint8Array): number {
  let value = crc
  for (const byte of bytes) value = (value >>> 8) ^ (CRC_TABLE[(value ^ byte) & 0xff] ?? 0)
  return value
}

const damaged = () => new ZipError('ZIP_DAMAGED')
