/** Starts and watches the processes of an installation; one that dies is started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

export interface ChildSpec {
  readonly name: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Folder for NAME.log. */
  readonly logs: string
}

export interface Child {
  readonly stop: () => Promise<void>
}

const END_WITH_PARENT = new URL('end-with-parent.mjs', import.meta.url).href
const MAX_RESTARTS_PER_MINUTE = 5
const STOP_TIMEOUT_MS = 30_000

/** `onGiveUp` is told when the process died too often to be started again. */
export function startChild(spec: ChildSpec, onGiveUp: (message: string) => void): Child {
  let current: ChildProcess
  let isStopping = false
  let deaths: number[] = []
  let pending: NodeJS.Timeout | undefined

  const start = () => {
    const log = openSync(join(spec.logs, `${spec.name}.log`), 'a', 0o600)
    // The ipc channel tells the child when we are gone: it then ends by itself. A group of its own
    // keeps Ctrl-C away from it: we stop the children in their order.
    current = spawn(process.execPath, ['--import', END_WITH_PARENT, ...spec.args], {
      cwd: spec.cwd,
      env: { PATH: process.env['PATH'] ?? '', ...spec.env },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    })
    closeSync(log)
    current.once('exit', onExit)
  }
  const onExit = () => {
    if (isStopping) return
    const now = Date.now()
    deaths = [...deaths.filter((at) => now - at < 60_000), now]
    if (deaths.length > MAX_RESTARTS_PER_MINUTE) {
      onGiveUp(`${spec.name} keeps dying; see ${join(spec.logs, `${spec.name}.log`)}`)
      return
    }
    pending = setTimeout(start, 200 * 2 ** deaths.length)
  }
  const stop = async () => {
    isStopping = true
    clearTimeout(pending)
    if (current.exitCode !== null || current.signalCode !== null) return
    const gone = new Promise<void>((resolve) => {
      current.once('exit', () => {
        resolve()
      })
    })
    current.kill('SIGTERM')
    const timer = setTimeout(() => current.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await gone
    clearTimeout(timer)
  }
  start()
  return { stop }
}

/** Runs a command to its end; its output is in the error when it fails. */
export async function runToEnd(spec: Omit<ChildSpec, 'logs'>): Promise<void> {
  const child = spawn(process.execPath, [...spec.args], {
    cwd: spec.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`${spec.name} failed:\n${output}`)
}
