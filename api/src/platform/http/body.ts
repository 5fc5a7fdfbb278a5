/** Reads a JSON body with a limit; compressed bodies are refused (they can hide their size). */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { PandokError } from '@pandok/contract'

/** The largest list a client sends is the end of a big upload: 100,000 hashes. */
const MAX_JSON_BYTES = 16 * 1024 * 1024

export async function readJson(request: IncomingMessage): Promise<unknown> {
  refuseEncoding(request)
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new PandokError('UNSUPPORTED_MEDIA_TYPE')
  if (Number(request.headers['content-length'] ?? 0) > MAX_JSON_BYTES) {
    throw new PandokError('TOO_LARGE')
  }
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(request)) {
    length += chunk.length
    if (length > MAX_JSON_BYTES) throw new PandokError('TOO_LARGE')
    chunks.push(chunk)
  }
  if (length === 0) return {}
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new PandokError('INPUT_INVALID', 'the body is not JSON')
  }
}

export function refuseEncoding(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new PandokError('UNSUPPORTED_MEDIA_TYPE', 'send the body without Content-Encoding')
  }
}

/** The connection outlives a reader who stops early: the client is to see the answer. */
export function chunksOf(body: Readable): AsyncIterable<Buffer> {
  return body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
}
