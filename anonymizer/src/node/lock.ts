/** One process at a time: a file next to another that says who works on it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { UsageError } from './complaint.ts'

const TRIES = 100
const WAIT_MS = 20

/** Waits two seconds for whoever is at it; a lock of a process that is no more is taken away. */
export function withLock<T>(path: string, work: () => T): T {
  const lock = `${path}.lock`
  for (let tries = 0; !take(lock); tries++) {
    if (tries >= TRIES) throw new UsageError('another process writes to the ledger or the table')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS)
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  removeLeftBehind(lock)
  return false
}

/** By another name first: of two that find it, one only takes it away. */
function removeLeftBehind(lock: string): void {
  try {
    const owner = Number(readFileSync(lock, 'utf8'))
    // A lock without a number yet is being written.
    if (!Number.isInteger(owner) || owner <= 0 || isRunning(owner)) return
    const aside = `${lock}.${process.pid}`
    renameSync(lock, aside)
    rmSync(aside)
  } catch (error) {
    // Gone meanwhile: somebody finished.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
