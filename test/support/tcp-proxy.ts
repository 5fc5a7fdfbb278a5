/** A connection that can be broken in the ways networks break: for tests of what happens then. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface TcpProxy {
  readonly pass: () => void
  /** New connections are refused, those that stand are cut with a reset. */
  readonly drop: () => void
  /** Nothing is passed on and nothing is closed. */
  readonly stall: () => void
  readonly close: () => Promise<void>
}

export async function startTcpProxy(port: number, target: number): Promise<TcpProxy> {
  let mode: 'pass' | 'drop' | 'stall' = 'pass'
  const pairs = new Set<readonly [Socket, Socket]>()
  const server: Server = createServer((client) => {
    if (mode === 'drop') {
      client.resetAndDestroy()
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
        if (mode === 'pass') to.write(chunk)
      })
      from.on('close', () => {
        pairs.delete(pair)
        if (mode !== 'stall') to.destroy()
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
    close: async () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
