/**
 * Instances in one zip (PS3.18 8.6.1.3, 8.7.3): a file for each, stored and not deflated, for most of them are
 * compressed already. Written at the pace of the reader; one instance is open at a time.
 */
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import yazl from 'yazl'

export interface ZipEntry {
  readonly path: string
  readonly bytes: number
  readonly body: Readable
}

/** The output ends broken when an entry cannot be read to its end. */
export function zipStream(entries: AsyncIterable<ZipEntry>): Readable {
  const zip = new yazl.ZipFile()
  // yazl types it as the older interface; it is a PassThrough.
  const output = zip.outputStream as unknown as Readable
  // The router listens too; without any listener an error would end the process.
  output.on('error', () => undefined)
  const fail = (error: unknown) => {
    output.destroy(error instanceof Error ? error : undefined)
  }
  zip.on('error', fail)
  const add = async () => {
    for await (const { path, bytes, body } of entries) {
      const giveUp = () => body.destroy()
      output.once('close', giveUp)
      try {
        if (output.destroyed) return
        zip.addReadStream(body, path, { compress: false, size: bytes, mode: 0o100644 })
        await finished(body)
      } finally {
        output.off('close', giveUp)
        body.destroy()
      }
    }
    zip.end()
  }
  add().catch(fail)
  return output
}
