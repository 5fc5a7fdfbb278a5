/** multipart/related bodies (RFC 2387): whole in memory, or part by part as they are read. */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'

export interface Part {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | AsyncIterable<Buffer>
}

/** `boundary`: for a body that has to be the same each time. */
export function multipartType(partType: string, boundary: string, parameters = ''): string {
  return `multipart/related; type="${partType}"; boundary=${boundary}${parameters}`
}

export function newBoundary(): string {
  return `pandok-${randomBytes(12).toString('hex')}`
}

export function partHead(boundary: string, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`--${boundary}\r\n${lines.join('')}\r\n`)
}

export function closing(boundary: string): Buffer {
  return Buffer.from(`--${boundary}--\r\n`)
}

const LINE_END = Buffer.from('\r\n')

/** Nothing is read before it is asked for, and the reader's pace is everybody's. */
export function multipartStream(boundary: string, parts: AsyncIterable<Part>): Readable {
  return Readable.from(chunksOf(boundary, parts), { objectMode: false })
}

async function* chunksOf(boundary: string, parts: AsyncIterable<Part>) {
  for await (const { headers, body } of parts) {
    yield partHead(boundary, headers)
    if (Buffer.isBuffer(body)) yield body
    else yield* body
    yield LINE_END
  }
  yield closing(boundary)
}
