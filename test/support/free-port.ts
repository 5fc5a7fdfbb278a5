/** Free TCP ports on loopback for servers of tests. */
import { createServer } from 'node:net'

/**
 * Below the range from which systems lend ports to outgoing connections. Each process claims a lane
 * by listening on its first port as long as it lives, so that tests side by side never choose the
 * same port between looking and listening.
 */
const LANES = { first: 10_000, width: 100, count: 220 } as const

let lane: Promise<number> | undefined
let taken = 1

/** The first of `count` neighbouring ports that are free now. */
export async function freePorts(count: number): Promise<number> {
  const start = await (lane ??= claimLane())
  while (taken + count <= LANES.width) {
    const first = start + taken
    taken += count
    const ports = Array.from({ length: count }, (_, index) => isFree(first + index))
    if ((await Promise.all(ports)).every(Boolean)) return first
  }
  throw new Error(`no ${count} neighbouring ports are left from ${start}`)
}

async function claimLane(): Promise<number> {
  for (let tries = 0; tries < LANES.count; tries += 1) {
    const first = LANES.first + ((process.pid + tries) % LANES.count) * LANES.width
    const claim = createServer()
    const isOurs = await new Promise<boolean>((resolve) => {
      claim.once('error', () => {
        resolve(false)
      })
      claim.listen(first, '127.0.0.1', () => {
        resolve(true)
      })
    })
    if (isOurs) {
      claim.unref()
      return first
    }
  }
  throw new Error('every lane of ports is taken by another process')
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
