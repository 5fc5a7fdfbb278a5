/**
 * One installation per data folder at a time. The lock is a local socket whose name is made from
 * the folder: the system frees it however its holder dies, and no file with a process number can
 * point at a stranger after a restart. Who finds it taken asks the holder for its process number.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ANSWER_TIMEOUT_MS = 2_000

export type Lock =
  | { readonly kind: 'held'; readonly release: () => Promise<void> }
  /** `holder` is the other's process number, when it answered. */
  | { readonly kind: 'taken'; readonly holder: number | undefined }

export async function lockFolder(folder: string): Promise<Lock> {
  const hash = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 32)
  // Linux has socket names outside the file system, which vanish with their holder.
  const isAbstract = process.platform === 'linux'
  const address = isAbstract ? `\0pandok-${hash}` : join(tmpdir(), `pandok-${hash}.sock`)
  const server = await listen(address)
  if (server !== undefined) return held(server)
  const holder = await ask(address)
  if (holder.kind === 'answered' || isAbstract) return { kind: 'taken', holder: holder.pid }
  // Nobody listens on the socket file: its holder was killed.
  await rm(address, { force: true })
  const second = await listen(address)
  return second === undefined ? { kind: 'taken', holder: undefined } : held(second)
}

function held(server: Server): Lock {
  server.unref()
  return {
    kind: 'held',
    release: () =>
      new Promise((done) => {
        server.close(() => {
          done()
        })
      }),
  }
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((answer, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(String(process.pid))
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') answer(undefined)
      else reject(error)
    })
    server.listen(address, () => {
      answer(server)
    })
  })
}

type Holder = { kind: 'answered' | 'silent'; pid: number | undefined }

function ask(address: string): Promise<Holder> {
  return new Promise((answer) => {
    let text = ''
    const socket = connect(address)
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      const pid = /^\d+$/.test(text) ? Number(text) : undefined
      answer({ kind: pid === undefined ? 'silent' : 'answered', pid })
    })
  })
}
