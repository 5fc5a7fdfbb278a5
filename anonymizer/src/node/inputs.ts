/**
 * What is to be de-identified: files, the files below folders, the entries of zips, the files next
 * to a DICOMDIR. In a fixed order, one at a time, so that a hundred thousand cost no memory.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import yauzl from 'yauzl'
import type { PixelReview } from '../pixels/model.ts'

/** Where the bytes are; small enough to be sent to another process. */
export type Source =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'zip'
      readonly path: string
      /** Of the local header, in bytes from the start of the zip. */
      readonly offset: number
      readonly compressedBytes: number
      readonly bytes: number
      readonly isDeflated: boolean
      readonly crc32: number
    }

export interface Input {
  /** From 0, in the order in which they are found. */
  readonly index: number
  /** For the operator's own screen only: names of files may hold names of people. */
  readonly label: string
  /** What reports call it: 16 hexadecimal digits that only the key ties to the label. */
  readonly id: string
  readonly source: Source
  readonly bytes: number
  /** A person saw its pixels. */
  readonly review?: ContentReview | undefined
}

/** Holds for the very bytes that the person saw. */
export interface ContentReview extends PixelReview {
  readonly content: string
}

/** A zip that is none, is encrypted, or has more entries than allowed. Exit code 2. */
class InputError extends Error {
  override readonly name = 'InputError'
}

const MAX_ZIP_ENTRIES = 1_000_000
/** What file managers leave behind. */
const LEFTOVERS = /^(\.DS_Store|Thumbs\.db|desktop\.ini|\._.*)$/i
const [STORED, DEFLATED] = [0, 8]

export async function* inputsOf(paths: readonly string[], key: Uint8Array): AsyncGenerator<Input> {
  let index = 0
  const secret = createSecretKey(key)
  const input = (label: string, source: Source, bytes: number): Input => {
    const id = createHmac('sha256', secret).update(`input\0${label}`).digest('hex').slice(0, 16)
    return { index: index++, label, id, source, bytes }
  }
  for (const path of paths) {
    const root = dirname(path)
    for (const file of filesAt(path)) {
      const label = relative(root, file)
      if (/\.zip$/i.test(file)) {
        for await (const { name, source } of zipEntries(file)) {
          yield input(`${label}/${name}`, source, source.bytes)
        }
      } else {
        yield input(label, { kind: 'file', path: file }, statSync(file).size)
      }
    }
  }
}

function* filesAt(path: string): Generator<string> {
  if (statSync(path).isDirectory()) yield* filesBelow(path)
  // A DICOMDIR stands for the disc that it lists.
  else if (basename(path).toUpperCase() === 'DICOMDIR') yield* filesBelow(dirname(path))
  else yield path
}

/** Links are not followed: they may lead out of what was given, or in circles. */
function* filesBelow(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true })
  entries.sort((a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile() && !LEFTOVERS.test(entry.name)) yield path
  }
}

async function* zipEntries(
  path: string,
): AsyncGenerator<{ name: string; source: Extract<Source, { kind: 'zip' }> }> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true }).catch(() => {
    throw new InputError('a zip cannot be read: damaged, cut off, or no zip')
  })
  try {
    if (zip.entryCount > MAX_ZIP_ENTRIES) throw new InputError('a zip has too many entries')
    for await (const entry of zip.eachEntry()) {
      const name = nameOf(entry)
      const isLeftover = name.startsWith('__MACOSX/') || LEFTOVERS.test(basename(name))
      if (name.endsWith('/') || isLeftover) continue
      const method = entry.compressionMethod
      if (entry.isEncrypted() || (method !== STORED && method !== DEFLATED)) {
        throw new InputError('a zip is encrypted or compressed in a way that is not read here')
      }
      yield {
        name,
        source: {
          kind: 'zip',
          path,
          offset: entry.relativeOffsetOfLocalHeader,
          compressedBytes: entry.compressedSize,
          bytes: entry.uncompressedSize,
          isDeflated: method === DEFLATED,
          crc32: entry.crc32,
        },
      }
    }
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError('a zip cannot be read: its directory is damaged')
  } finally {
    zip.close()
  }
}

const IS_UTF8 = 1 << 11

/**
 * Windows in Korea writes names in code page 949 and says nothing of it; the operator shall be able to
 * read them. What is neither is left as yauzl decodes it (code page 437).
 */
function nameOf({ fileName, fileNameRaw, generalPurposeBitFlag }: yauzl.Entry): string {
  if ((generalPurposeBitFlag & IS_UTF8) !== 0) return fileName
  for (const encoding of ['utf-8', 'euc-kr']) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(fileNameRaw)
    } catch {
      // The next one, then.
    }
  }
  return fileName
}
