/** How far an upload is: one line that renews itself on a terminal, a line every few seconds elsewhere. */

export interface UploadIo {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  readonly isTerminal?: boolean
}

export interface UploadProgress {
  readonly found: (bytes: number) => void
  readonly sent: (files: number, bytes: number) => void
  readonly leftOut: (name: string, code: string) => void
  readonly looked: (looked: number, frames: number) => void
  readonly waiting: (isWaiting: boolean) => void
  readonly end: () => void
}

const TERMINAL_EVERY_MS = 100
const PLAIN_EVERY_MS = 5_000
const BAR = 20

export function createUploadProgress(io: UploadIo): UploadProgress {
  const isTerminal = io.isTerminal === true
  const start = performance.now()
  const every = isTerminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS
  let [found, files, bytes, leftOut, shown] = [0, 0, 0, 0, start]
  let [pixels, isWaiting] = ['', false]
  const line = () => {
    const seconds = Math.max((performance.now() - start) / 1000, 0.001)
    const done = files + leftOut
    const filled = found === 0 ? 0 : Math.round((BAR * done) / found)
    const bar = isTerminal ? `[${'#'.repeat(filled).padEnd(BAR, '.')}] ` : ''
    const rate = `${(bytes / 1e6 / seconds).toFixed(1)} MB/s, ${(files / seconds).toFixed(0)} files/s`
    const wait = isWaiting ? '; the server is away, trying again' : ''
    return `${bar}${files} of ${found} files sent, ${leftOut} left out, ${(bytes / 1e6).toFixed(0)} MB, ${rate}${pixels}${wait}`
  }
  const show = () => {
    const now = performance.now()
    if (now - shown < every) return
    shown = now
    io.error(isTerminal ? `\r\x1b[K${line()}` : `${line()}\n`)
  }
  return {
    found: (count) => {
      found += count
      show()
    },
    sent: (count, size) => {
      files += count
      bytes += size
      show()
    },
    leftOut: (name, code) => {
      leftOut += 1
      io.error(`${isTerminal ? '\r\x1b[K' : ''}left out: ${name}: ${code}\n`)
      show()
    },
    looked: (looked, frames) => {
      pixels = `, looked at ${looked} of ${frames} frames`
      show()
    },
    waiting: (now) => {
      isWaiting = now
      show()
    },
    end: () => {
      io.error(isTerminal ? `\r\x1b[K${line()}\n` : `${line()}\n`)
    },
  }
}
