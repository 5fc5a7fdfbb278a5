/** The processes of a test's installation, to be killed, measured, or doubled. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_FLAGS } from 'pandok/installation'

const ROOT = join(import.meta.dirname, '../..')

/** The process that runs `node api/src/main.ts NAME` for us, started by this one. */
export function pidOf(name: Name): number {
  for (const pid of childrenOf(process.pid)) {
    const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const at = args.findIndex((each) => each.endsWith('api/src/main.ts'))
    if (at >= 0 && args[at + 1] === name) return pid
  }
  throw new Error(`no process ${name}`)
}

/** Processes that it started and that live. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  )
}

/** What the process holds now, in MiB. */
export function memoryMib(pid: number): number {
  return numberIn(pid, /VmRSS:\s+(\d+)/)
}

/** The most that it held since it was started, or since `forgetPeak`. */
export function peakMib(pid: number): number {
  return numberIn(pid, /VmHWM:\s+(\d+)/)
}

/** What was needed to start does not count any more. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function numberIn(pid: number, pattern: RegExp): number {
  return Number(pattern.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
}

type Name = 'http' | 'worker' | 'dimse'

export interface TestProcess {
  readonly pid: number
  /** What it has written to its log so far. */
  readonly said: () => string
  readonly signal: (name: NodeJS.Signals) => void
  /** SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>
}

export interface ApiProcess extends TestProcess {
  readonly url: string
}

/** One more process of the installation, with its settings and `env`. */
export function startProcess(name: Name, env: Readonly<Record<string, string>> = {}): TestProcess {
  const child: ChildProcess = spawn(
    process.execPath,
    [...NODE_FLAGS, join(ROOT, 'api/src/main.ts'), name],
    {
      env: { ...environmentOf(pidOf('http')), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const { pid } = child
  if (pid === undefined) throw new Error('the process did not start')
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-20_000)
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {
    pid,
    said: () => said,
    signal: (signal) => child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    ended,
  }
}

/** One more API process of the installation, on a port of its own; `databaseUrl` may lead elsewhere. */
export async function startApiProcess(
  port: number,
  databaseUrl: (url: string) => string = (url) => url,
  env: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  const known = environmentOf(pidOf('http'))['DATABASE_URL'] ?? ''
  const made = startProcess('http', {
    HTTP_PORT: String(port),
    DATABASE_URL: databaseUrl(known),
    ...env,
  })
  const url = `http://127.0.0.1:${port}`
  await untilHealthy(url)
  return { ...made, url }
}

function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

export async function untilHealthy(url: string, withinMs = 30_000): Promise<number> {
  const started = performance.now()
  while (performance.now() - started < withinMs) {
    const isHealthy = await fetch(`${url}/api/health`).then(
      (answer) => answer.ok,
      () => false,
    )
    if (isHealthy) return performance.now() - started
    await new Promise((wake) => setTimeout(wake, 50))
  }
  throw new Error('the API did not become healthy in time')
}
