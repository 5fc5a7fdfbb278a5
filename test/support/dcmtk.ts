/** dcmtk as a sender of images; without Nagle's delay, which would hold up each of its requests. */
import { type ChildProcess, spawn } from 'node:child_process'

const ENVIRONMENT = { PATH: '/usr/bin:/bin', TCP_NODELAY: '1' }

export interface Ended {
  readonly code: number | null
  readonly text: string
}

export interface Running {
  readonly process: ChildProcess
  /** What it has said so far. */
  readonly said: () => string
  readonly ended: Promise<Ended>
}

export function start(program: 'echoscu' | 'storescu', args: readonly string[]): Running {
  const child = spawn(`/usr/bin/${program}`, [...args], {
    env: ENVIRONMENT,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      resolve({ code, text })
    })
  })
  return { process: child, said: () => text, ended }
}

export const run = (program: 'echoscu' | 'storescu', args: readonly string[]): Promise<Ended> =>
  start(program, args).ended

/** Instances that storescu, told to be verbose, was told are stored. */
export function acknowledged(text: string): number {
  return text.match(/Received Store Response \(Success\)/g)?.length ?? 0
}
