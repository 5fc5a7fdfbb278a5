/**
 * Ends connections of clients that send or take next to nothing: each would hold a socket, and perhaps
 * a file and a row, for as long as it likes. How large a body is does not matter, only that it moves;
 * time that we take ourselves is not the client's. Slow headers are the server's own headersTimeout.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { z } from 'zod'

/** Of waiting for the client, for so little: under 1 KiB a second. */
const MAX_WAITED_MS = 8_000
const MIN_BYTES = 8 * 1024
const LOOK_EVERY_MS = 1_000
/** What a refused client still sends is thrown away for so long, so that it sees the answer. */
const REST_MS = 1_000

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly socket: Socket
  moved: Moved
  waitedMs: number
}

interface Moved {
  readonly received: number
  readonly sent: number
  /** What the system has not taken yet of what was sent to it. */
  readonly queued: number
}

export function endSlowClients(server: Server): void {
  const exchanges = new Set<Exchange>()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const exchange = { request, response, socket, moved: movedBy(socket), waitedMs: 0 }
    exchanges.add(exchange)
    response.once('close', () => exchanges.delete(exchange))
  })
  let lookedMs = performance.now()
  const timer = setInterval(() => {
    const passedMs = performance.now() - lookedMs
    lookedMs += passedMs
    for (const each of exchanges) {
      const now = movedBy(each.socket)
      if (bytesBetween(each.moved, now) >= MIN_BYTES) {
        each.moved = now
        each.waitedMs = 0
      } else if (isWaitedFor(each)) each.waitedMs += passedMs
      if (each.waitedMs >= MAX_WAITED_MS) each.socket.destroy()
    }
  }, LOOK_EVERY_MS)
  timer.unref()
  server.once('close', () => {
    clearInterval(timer)
  })
}

/** True while it is the client who has to do something. */
function isWaitedFor({ request, response, socket }: Exchange): boolean {
  if (response.writableLength > 0 || socket.writableLength > 0) return true
  // As long as there is room for what it could send.
  return !request.complete && request.readableLength < request.readableHighWaterMark
}

function movedBy(socket: Socket): Moved {
  return {
    received: socket.bytesRead,
    sent: socket.bytesWritten - socket.writableLength,
    queued: socket.writableLength === 0 ? 0 : queuedIn(socket),
  }
}

function bytesBetween(before: Moved, now: Moved): number {
  const taken = Math.max(0, before.queued - now.queued)
  return now.received - before.received + now.sent - before.sent + taken
}

/** One large write counts as unsent until all of it is gone; how far it is only the handle knows. */
const Handle = z.object({ _handle: z.object({ writeQueueSize: z.number() }) })

function queuedIn(socket: Socket): number {
  return Handle.safeParse(socket).data?._handle.writeQueueSize ?? 0
}

/**
 * After a refusal in the middle of a body: closing at once would let the client see a broken connection
 * in place of the answer, and reading on would let it send for ever.
 */
export function cutOffRest(request: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (request.complete) return
    // Whoever read a part of it stopped: what is on its way goes by, so that the end of it is seen.
    request.resume()
    const timer = setTimeout(() => {
      // The rest has come in the meantime: the connection may serve another request by now.
      if (!request.complete) request.socket.destroy()
    }, REST_MS)
    request.once('close', () => {
      clearTimeout(timer)
    })
  })
}
