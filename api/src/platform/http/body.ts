/** Reads a JSON body with a limit; compressed bodies are refused (they can hide their size). */
import type { IncomingMessage } from 'node:http'
import { PandokError } from '@pandok/contract'

/** The largest list a client sends is the end of a big upload: 100,000 hashes. */
const MAX_JSON_BYTES = 16 * 1024 * 1024

export async function readJson(request: IncomingMessage): Promise<unknown> {
  refuseEncoding(request)
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new PandokError('UNSUPPORTED_MEDIA_TYPE')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
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
