/** F14: the line between API and database is cut, stalls, and comes back. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '../support/free-port.ts'
import { startTestInstallation, type TestInstallation } from '../support/installation.ts'
import { type ApiProcess, memoryMib, startApiProcess, untilHealthy } from '../support/processes.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** A call may begin just before the line is lost. */
const ANSWERED_WITHIN_MS = 8_000
const RECOVERED_WITHIN_MS = 10_000
const STALL_MS = process.env['PANDOK_FAULTS'] === 'long' ? 30_000 : 8_000
const CALLERS = 20

let pandok: TestInstallation
let proxy: TcpProxy
let api: ApiProcess
let token: string

beforeAll(async () => {
  pandok = await startTestInstallation()
  token = await pandok.tokenOf('data-manager')
  const [proxyPort, apiPort] = [await freePorts(1), await freePorts(1)]
  const { port } = new URL(pandok.databaseUrl)
  proxy = await startTcpProxy(proxyPort, Number(port))
  api = await startApiProcess(apiPort, (url) => url.replace(`:${port}/`, `:${proxyPort}/`))
})
afterAll(async () => {
  await api.kill()
  await proxy.close()
  await pandok.stop()
})

const ask = async () => {
  const started = performance.now()
  const answer = await fetch(`${api.url}/api/me`, { headers: { authorization: `Bearer ${token}` } })
  await answer.arrayBuffer()
  return { status: answer.status, ms: performance.now() - started }
}

test.each(['drop', 'stall'] as const)(
  'F14: %s: 503 soon, and all is well when the line is back',
  async (fault) => {
    expect(await ask()).toMatchObject({ status: 200 })
    const before = memoryMib(api.pid)
    proxy[fault]()
    const endMs = performance.now() + STALL_MS
    const answers = (
      await Promise.all(
        Array.from({ length: CALLERS }, async () => {
          const own: { status: number; ms: number }[] = []
          while (performance.now() < endMs) {
            own.push(await ask())
            await new Promise((wake) => setTimeout(wake, 100))
          }
          return own
        }),
      )
    ).flat()
    const growth = memoryMib(api.pid) - before
    proxy.pass()
    const recoveredMs = await untilHealthy(api.url)
    const slowest = Math.max(...answers.map(({ ms }) => ms))
    process.stdout.write(
      `database line, ${fault}: ${answers.length} answers, all 503, the slowest after ${(slowest / 1000).toFixed(1)} s; ` +
        `+${growth.toFixed(0)} MiB; well again after ${(recoveredMs / 1000).toFixed(1)} s\n`,
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(slowest).toBeLessThan(ANSWERED_WITHIN_MS)
    expect(recoveredMs).toBeLessThan(RECOVERED_WITHIN_MS)
    expect(growth).toBeLessThan(200)
    expect(await ask()).toMatchObject({ status: 200 })
  },
)
