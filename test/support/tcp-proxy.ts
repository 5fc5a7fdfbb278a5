/** A connection that can be broken in the ways networks break: for tests of what happens then. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export type LineFault = 'drop' | 'stall' | 'halfOpen' | 'slow'

export interface TcpProxy {
  readonly pass: () => void
  /** New connections are refused, those that stand are cut with a reset. */
  readonly drop: () => void
  /** Nothing is passed on and nothing is closed. */
  readonly stall: () => void
  /** The server has closed its side and nobody was told; new connections stand, and go nowhere. */
  readonly halfOpen: () => void
  /** 1 KiB/s in each direction of each connection. */
  readonly slow: () => void
  readonly close: () => Promise<void>
}

const SLOW_BYTES = 128
const SLOW_EVERY_MS = 125

export async function startTcpProxy(port: number, target: number): Promise<TcpProxy> {
  let mode: 'pass' | LineFault = 'pass'
  const pairs = new Set<readonly [Socket, Socket]>()
  /** What waits to be passed on slowly, by the socket that it goes to. */
  const waiting = new Map<Socket, Buffer[]>()
  const put = (from: Socket, to: Socket, chunk: Buffer) => {
    waiting.set(to, [...(waiting.get(to) ?? []), chunk])
    from.pause()
  }
  const timer = setInterval(() => {
    for (const [to, chunks] of waiting) {
      const bytes = Buffer.concat(chunks)
      const now = mode === 'slow' ? SLOW_BYTES : bytes.length
      to.write(bytes.subarray(0, now))
      if (bytes.length > now) waiting.set(to, [bytes.subarray(now)])
      else {
        waiting.delete(to)
        for (const [client, upstream] of pairs) {
          if (client === to) upstream.resume()
          if (upstream === to) client.resume()
        }
      }
    }
  }, SLOW_EVERY_MS)
  const server: Server = createServer((client) => {
    if (mode === 'drop') {
      client.resetAndDestroy()
      return
    }
    if (mode === 'halfOpen') {
      client.on('error', () => undefined)
      client.resume()
      return
    }
    const upstream = connect(target, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => undefined)
      from.on('data', (chunk) => {
        // What comes while it is stalled is lost for good, as on a line that was pulled.
        if (mode === 'slow' || waiting.has(to)) put(from, to, chunk)
        else if (mode === 'pass') to.write(chunk)
      })
      from.on('close', () => {
        pairs.delete(pair)
        waiting.delete(from)
        if (mode !== 'stall' && mode !== 'halfOpen') to.destroy()
      })
    }
  })
  await new Promise<void>((ready) => server.listen(port, '127.0.0.1', ready))
  return {
    pass: () => {
      mode = 'pass'
    },
    drop: () => {
      mode = 'drop'
      for (const [client, upstream] of pairs) {
        client.resetAndDestroy()
        upstream.destroy()
      }
    },
    stall: () => {
      mode = 'stall'
    },
    halfOpen: () => {
      mode = 'halfOpen'
      for (const [, upstream] of pairs) upstream.destroy()
    },
    slow: () => {
      mode = 'slow'
    },
    close: async () => {
      clearInterval(timer)
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
