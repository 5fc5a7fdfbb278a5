/**
 * The zip of a release: written as a stream, file after file, with the hash of each; equal files
 * give equal bytes. manifest.json comes last and lists everything before it.
 */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import yazl from 'yazl'
import { z } from 'zod'

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
/** A fixed time in every entry: the zip must not differ by when it was made. */
const ENTRY_TIME = new Date(Date.UTC(2000, 0, 1))
const MODE = 0o100644

export interface ReleaseZip {
  /** The zip's own bytes, to be read while files are added. */
  readonly output: Readable
  /** Resolves when the zip has taken the file in, so that memory holds one file at a time. */
  readonly add: (path: string, bytes: Uint8Array) => Promise<void>
  /** Writes the manifest and closes. */
  readonly finish: (about: Omit<Manifest, 'schema' | 'files'>) => void
}

export function createReleaseZip(): ReleaseZip {
  const zip = new yazl.ZipFile()
  const files: ManifestFile[] = []
  // yazl types it as the older interface; it is a PassThrough.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  const output = zip.outputStream as Readable
  // Whoever reads is told of a failure; without any listener it would end the process.
  output.on('error', () => undefined)
  const options = (path: string) => ({
    mtime: ENTRY_TIME,
    mode: MODE,
    forceDosTimestamp: true,
    compress: !path.endsWith('.gz'),
  })
  return {
    output,
    add: async (path, bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      files.push({ path, bytes: bytes.length, sha256 })
      zip.addBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), path, options(path))
      // yazl queues what is added: wait while nobody takes the bytes away. Looking at the length,
      // not listening for data: a listener would make the stream flow before its reader is there.
      while (output.readableLength > output.readableHighWaterMark) {
        if (output.destroyed) throw new Error('the release is not written any more')
        await new Promise((wake) => setTimeout(wake, 2))
      }
    },
    finish: (about) => {
      const manifest: Manifest = { schema: 'pandok-release-1', ...about, files }
      const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)
      zip.addBuffer(text, MANIFEST_PATH, options(MANIFEST_PATH))
      zip.end()
    },
  }
}
