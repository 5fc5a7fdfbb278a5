/** Free TCP ports on loopback for servers of tests. */
import { createServer } from 'node:net'

/**
 * Below the range from which systems lend ports to outgoing connections. Each process has a lane of
 * its own, so that tests side by side never choose the same port between looking and listening.
 */
const LANES = { first: 10_000, width: 100, count: 220 } as const

let taken = 0

/** The first of `count` neighbouring ports that are free now. */
export async function freePorts(count: number): Promise<number> {
  const lane = LANES.first + (process.pid % LANES.count) * LANES.width
  for (let tries = 0; tries < LANES.width; tries += 1) {
    if ((taken % LANES.width) + count > LANES.width) taken += LANES.width - (taken % LANES.width)
    const first = lane + (taken % LANES.width)
    taken += count
    const ports = Array.from({ length: count }, (_, index) => isFree(first + index))
    if ((await Promise.all(ports)).every(Boolean)) return first
  }
  throw new Error(`no ${count} neighbouring ports are free from ${lane}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(false)
    })
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true)
      })
    })
  })
}
