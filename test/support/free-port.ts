/** Free TCP ports on loopback for servers of tests. */
import { createServer } from 'node:net'

/** The first of `count` neighbouring ports that are free now. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = await listenOnce(0)
    if (first === undefined || first + count > 65_535) continue
    const others = Array.from({ length: count - 1 }, (_, index) => listenOnce(first + 1 + index))
    if ((await Promise.all(others)).every((port) => port !== undefined)) return first
  }
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(undefined)
    })
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const used = typeof address === 'object' && address !== null ? address.port : undefined
      server.close(() => {
        resolve(used)
      })
    })
  })
}
