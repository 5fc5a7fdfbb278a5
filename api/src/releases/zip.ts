/**
 * The zip of a release: written as a stream, file after file, with the hash of each; equal files
 * give equal bytes. manifest.json comes last and lists everything before it.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import yazl from 'yazl'
import { z } from 'zod'
import { ReleaseError } from './release-error.ts'
import { isReleasePath, pathKey } from './release-path.ts'

export const ManifestFile = z.object({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type ManifestFile = z.infer<typeof ManifestFile>

export const Manifest = z.object({
  schema: z.literal('pandok-release-1'),
  project: z.string(),
  release: z.number().int().positive(),
  createdAt: z.string(),
  cases: z.array(
    z.object({
      pseudonym: z.string(),
      segmentationRevision: z.number().int(),
      outcomeRevision: z.number().int(),
    }),
  ),
  files: z.array(ManifestFile),
})
export type Manifest = z.infer<typeof Manifest>

export const MANIFEST_PATH = 'manifest.json'
/**
 * A fixed time in every entry: the zip must not differ by when it was made. Entries hold local time
 * (APPNOTE 4.4.6), so it is local here: the same bytes in every time zone.
 */
const entryTime = () => new Date(2000, 0, 1, 12)
const MODE = 0o100644
/** Half the time of the usual 6 on CT images, for 3 % more bytes. */
const LEVEL = 2
const CHUNK_BYTES = 256 * 1024

export interface ReleaseZip {
  /** The zip's own bytes, to be read while files are added. */
  readonly output: Readable
  /**
   * Resolves when the zip has taken the file in, so that memory holds a file or two at a time.
   * One after the other: wait for each. RELEASE_PATH for a name that is unsafe or was there
   * before, RELEASE_ABANDONED when nobody reads the output any more.
   */
  readonly add: (path: string, bytes: Uint8Array) => Promise<void>
  /** Writes the manifest, its files sorted by path, and closes. */
  readonly finish: (about: Omit<Manifest, 'schema' | 'files'>) => void
}

export function createReleaseZip(): ReleaseZip {
  const zip = new yazl.ZipFile()
  const files: ManifestFile[] = []
  const keys = new Set([pathKey(MANIFEST_PATH)])
  // yazl types it as the older interface; it is a PassThrough.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const output = zip.outputStream as Readable
  // Whoever reads is told of a failure; without any listener it would end the process.
  output.on('error', () => undefined)
  zip.on('error', (error) => output.destroy(error instanceof Error ? error : undefined))
  const options = { mtime: entryTime(), mode: MODE, forceDosTimestamp: true }

  /** Deflates as the reader takes the bytes away, and not before. */
  const deflate = async (path: string, bytes: Uint8Array) => {
    const source = Readable.from(chunksOf(bytes), { objectMode: false })
    const giveUp = () => source.destroy(abandoned())
    output.once('close', giveUp)
    zip.addReadStream(source, path, { ...options, compressionLevel: LEVEL })
    try {
      await finished(source)
    } finally {
      output.off('close', giveUp)
    }
  }

  /** Stored with its size in front: readers that stream cannot tell where it ends otherwise. */
  const store = async (path: string, bytes: Uint8Array) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    zip.addBuffer(buffer, path, { ...options, compress: false })
    // Looking at the length, not listening for data: a listener would make the stream flow before
    // its reader is there.
    while (output.readableLength > output.readableHighWaterMark) {
      if (output.destroyed) throw abandoned()
      await new Promise((wake) => setTimeout(wake, 2))
    }
  }

  return {
    output,
    add: async (path, bytes) => {
      if (output.destroyed) throw abandoned()
      if (!isReleasePath(path) || keys.has(pathKey(path))) {
        throw new ReleaseError('RELEASE_PATH', 'a name in the release is unsafe or there already')
      }
      keys.add(pathKey(path))
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      files.push({ path, bytes: bytes.length, sha256 })
      await (path.endsWith('.gz') ? store(path, bytes) : deflate(path, bytes))
    },
    finish: (about) => {
      const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
      const manifest: Manifest = { schema: 'pandok-release-1', ...about, files: sorted }
      const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
      zip.addBuffer(text, MANIFEST_PATH, { ...options, compressionLevel: LEVEL })
      zip.end()
    },
  }
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
}

function abandoned(): ReleaseError {
  return new ReleaseError('RELEASE_ABANDONED', 'the release is not written any more')
}
