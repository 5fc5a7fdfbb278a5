/**
 * Where bytes live: one port, one adapter so far (local files). Content-addressed by SHA-256,
 * immutable; a blob is visible only when it is whole and durable.
 *
 * Areas: `incoming` (parts of files that are not whole), `quarantine` (received, unchecked), `staging` (clean, not yet approved), `archive`
 * (approved, for good), `release` (built data sets).
 */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { link, mkdir, open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { PandokError } from '@pandok/contract'

type BlobArea = 'quarantine' | 'incoming' | 'staging' | 'archive' | 'release'

export interface BlobStore {
  /**
   * Stores what the stream gives. With `expectedSha256`, other bytes are refused (HASH_MISMATCH)
   * and nothing stays behind; more than `maxBytes` is refused as TOO_LARGE.
   */
  readonly put: (
    area: BlobArea,
    source: AsyncIterable<Uint8Array>,
    options?: { expectedSha256?: string; maxBytes?: number },
  ) => Promise<{ sha256: string; bytes: number }>
  /** Makes the blob visible in another area too; the bytes are not copied. */
  readonly share: (sha256: string, from: BlobArea, to: BlobArea) => Promise<void>
  readonly stream: (area: BlobArea, sha256: string) => Readable
  /** Bytes [offset, offset + length); the whole blob without a range. */
  readonly read: (
    area: BlobArea,
    sha256: string,
    range?: { offset: number; length: number },
  ) => Promise<Buffer>
  readonly size: (area: BlobArea, sha256: string) => Promise<number | undefined>
  readonly remove: (area: BlobArea, sha256: string) => Promise<void>
  /** Local path, for a child process that must open the file itself. */
  readonly path: (area: BlobArea, sha256: string) => string
}

export function openFileBlobs(directory: string, options: { minFreeBytes: number }): BlobStore {
  const path = (area: BlobArea, sha256: string) => join(directory, area, sha256.slice(0, 2), sha256)

  return {
    path,
    put: async (area, source, limits = {}) => {
      await admit(directory, options.minFreeBytes)
      const temporary = join(directory, area, 'incoming', randomUUID())
      await mkdir(join(directory, area, 'incoming'), { recursive: true })
      try {
        const written = await writeDurably(temporary, source, limits.maxBytes)
        if (limits.expectedSha256 !== undefined && written.sha256 !== limits.expectedSha256) {
          throw new PandokError('HASH_MISMATCH')
        }
        await publish(temporary, path(area, written.sha256))
        return written
      } finally {
        await rm(temporary, { force: true })
      }
    },
    share: async (sha256, from, to) => {
      await publish(path(from, sha256), path(to, sha256))
    },
    stream: (area, sha256) => createReadStream(path(area, sha256)),
    read: async (area, sha256, range) => {
      const file = await open(path(area, sha256))
      try {
        const length = range?.length ?? (await file.stat()).size
        const buffer = Buffer.allocUnsafe(length)
        const { bytesRead } = await file.read(buffer, 0, length, range?.offset ?? 0)
        if (bytesRead !== length) throw new Error('a blob is shorter than its index says')
        return buffer
      } finally {
        await file.close()
      }
    },
    size: async (area, sha256) => {
      try {
        return (await stat(path(area, sha256))).size
      } catch {
        return undefined
      }
    },
    remove: async (area, sha256) => {
      await rm(path(area, sha256), { force: true })
    },
  }
}

async function admit(directory: string, minFreeBytes: number): Promise<void> {
  await mkdir(directory, { recursive: true })
  const { bavail, bsize } = await statfs(directory)
  if (bavail * bsize < minFreeBytes) throw new PandokError('STORAGE_FULL')
}

async function writeDurably(
  path: string,
  source: AsyncIterable<Uint8Array>,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<{ sha256: string; bytes: number }> {
  const file = await open(path, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > maxBytes) throw new PandokError('TOO_LARGE')
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
    return { sha256: hash.digest('hex'), bytes }
  } finally {
    await file.close()
  }
}

/** A second name for a whole file, then the folder is made durable. Being there already is fine. */
async function publish(from: string, to: string): Promise<void> {
  const folder = join(to, '..')
  await mkdir(folder, { recursive: true })
  try {
    await link(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
