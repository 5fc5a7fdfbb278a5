/**
 * Reads a multipart/related body (RFC 2387, RFC 2046 5.1) part by part, as it comes: nothing but the
 * chunk in hand is in memory, and whoever reads slowly slows the sender down.
 *
 * A part is whole when the delimiter after it has come. One that is not ends in an error: `torn` when
 * the body ended, the source's own error when the connection did.
 */
import { PandokError } from '@pandok/contract'

export interface Part {
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** To be read once, before the next part; what is left of it then is passed over. */
  readonly body: AsyncIterable<Buffer>
}

export interface MultipartLimits {
  readonly parts: number
  /** Of one part. */
  readonly headerBytes: number
  /** Of the whole body. */
  readonly bodyBytes: number
}

/** The body ended before the last delimiter: parts before this one are whole. */
export class TornBodyError extends Error {
  override readonly name = 'TornBodyError'
}

const NOTHING = Buffer.alloc(0)
const CRLF = Buffer.from('\r\n')
const HEADER_END = Buffer.from('\r\n\r\n')
/** RFC 2046 5.1.1, which has at most 70 of them: Orthanc's are longer. */
const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,199}[0-9A-Za-z'()+_,\-./:=?]$/
/** White space after a delimiter, up to its line's end. */
const MAX_PADDING = 256

export interface MultipartType {
  /** Of the root part, lower-case. */
  readonly type: string
  readonly boundary: string
}

/** UNSUPPORTED_MEDIA_TYPE when it is none, or has no boundary that could be one. */
export function readMultipartType(contentType: string | undefined): MultipartType {
  const [media = '', ...rest] = splitParameters(contentType ?? '')
  const parameters = new Map(
    rest.map((each) => {
      const at = each.indexOf('=')
      const value = each.slice(at + 1).trim()
      return [
        each.slice(0, Math.max(0, at)).trim().toLowerCase(),
        value.startsWith('"') && value.endsWith('"') && value.length > 1
          ? value.slice(1, -1).replace(/\\(.)/g, '$1')
          : value,
      ]
    }),
  )
  const boundary = parameters.get('boundary') ?? ''
  if (media.trim().toLowerCase() !== 'multipart/related' || !BOUNDARY.test(boundary)) {
    throw new PandokError('UNSUPPORTED_MEDIA_TYPE', 'send multipart/related with a boundary')
  }
  return { type: (parameters.get('type') ?? '').toLowerCase(), boundary }
}

/** At semicolons outside of quotes. */
function splitParameters(text: string): string[] {
  return text.match(/(?:"(?:\\.|[^"\\])*"|[^;"])+/g) ?? []
}

export async function* readParts(
  source: AsyncIterable<Buffer>,
  boundary: string,
  limits: MultipartLimits,
): AsyncGenerator<Part> {
  const input = createInput(source, limits.bodyBytes)
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  try {
    // The first delimiter has no line before it, unless there is a preamble.
    input.unread(CRLF)
    await drain(input.until(delimiter))
    for (let count = 0; !(await isEnd(input)); count++) {
      if (count >= limits.parts) {
        throw new PandokError('TOO_LARGE', `a request has at most ${limits.parts} parts`)
      }
      const headers = parseHeaders(await input.block(HEADER_END, limits.headerBytes))
      const body = input.until(delimiter)
      yield { headers, body: { [Symbol.asyncIterator]: () => shared(body) } }
      await drain(body)
    }
  } finally {
    await input.close()
  }
}

/** What follows a delimiter: `--` ends the body, a line's end begins a part. */
async function isEnd(input: Input): Promise<boolean> {
  const mark = await input.take(2)
  if (mark.equals(Buffer.from('--'))) return true
  if (mark.equals(CRLF)) {
    // So that a part without headers ends its empty block like the others.
    input.unread(CRLF)
    return false
  }
  input.unread(mark)
  const padding = await input.block(CRLF, MAX_PADDING)
  if (!/^[ \t]*$/.test(padding.toString('latin1'))) throw malformed('a delimiter goes on')
  input.unread(CRLF)
  return false
}

interface Input {
  /** Puts bytes before what comes next. */
  readonly unread: (bytes: Buffer) => void
  readonly take: (count: number) => Promise<Buffer>
  /** Up to `end`, which is passed over; in memory, so at most `maxBytes`. */
  readonly block: (end: Buffer, maxBytes: number) => Promise<Buffer>
  /** Chunks up to `end`, which is passed over. */
  readonly until: (end: Buffer) => AsyncGenerator<Buffer>
  /** Lets go of the source, whatever is left of it. */
  readonly close: () => Promise<void>
}

function createInput(source: AsyncIterable<Buffer>, maxBytes: number): Input {
  const chunks = source[Symbol.asyncIterator]()
  let held: Buffer = NOTHING
  let read = 0

  const more = async (): Promise<void> => {
    const next = await chunks.next()
    if (next.done === true) throw new TornBodyError('the body ended within a part')
    read += next.value.length
    if (read > maxBytes) throw new PandokError('TOO_LARGE')
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value])
  }
  return {
    unread: (bytes) => {
      held = Buffer.concat([bytes, held])
    },
    take: async (count) => {
      while (held.length < count) await more()
      const taken = held.subarray(0, count)
      held = held.subarray(count)
      return taken
    },
    block: async (end, limit) => {
      let from = 0
      for (;;) {
        const at = held.indexOf(end, from)
        if (at > limit || (at < 0 && held.length > limit + end.length)) {
          throw malformed(`headers of a part have at most ${limit} bytes`)
        }
        if (at >= 0) {
          const block = held.subarray(0, at)
          held = held.subarray(at + end.length)
          return block
        }
        from = Math.max(0, held.length - end.length + 1)
        await more()
      }
    },
    until: async function* (end) {
      for (;;) {
        const at = held.indexOf(end)
        if (at >= 0) {
          const last = held.subarray(0, at)
          held = held.subarray(at + end.length)
          if (last.length > 0) yield last
          return
        }
        // What may be the beginning of the end waits for what comes next.
        const safe = Math.max(0, held.length - end.length + 1)
        const tail = held.subarray(safe)
        if (safe > 0) yield held.subarray(0, safe)
        held = NOTHING
        await more()
        const seam = Buffer.concat([tail, held.subarray(0, end.length)])
        const isWithinSeam = held.length < end.length || seam.includes(end)
        // Copied only where it must be: a body of many chunks would be copied once more.
        if (isWithinSeam) held = Buffer.concat([tail, held])
        else if (tail.length > 0) yield tail
      }
    },
    close: async () => {
      await chunks.return?.(undefined)
    },
  }
}

/** Whoever stops reading a part leaves the rest of it, and does not end it. */
function shared(body: AsyncGenerator<Buffer>): AsyncIterator<Buffer> {
  return { next: () => body.next() }
}

async function drain(body: AsyncGenerator<Buffer>): Promise<void> {
  while ((await body.next()).done !== true);
}

function parseHeaders(block: Buffer): ReadonlyMap<string, string> {
  const lines = block.toString('latin1').split('\r\n').filter(Boolean)
  return new Map(
    lines.map((line) => {
      const at = line.indexOf(':')
      if (at <= 0) throw malformed('a header of a part has no name')
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()]
    }),
  )
}

function malformed(detail: string): PandokError {
  return new PandokError('INPUT_INVALID', `the multipart body is malformed: ${detail}`)
}
