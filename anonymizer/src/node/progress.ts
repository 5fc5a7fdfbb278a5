/** How far a run is: one line that renews itself on a terminal, a line every few seconds elsewhere. */
import type { Input } from './inputs.ts'
import type { CliIo } from './io.ts'
import type { Outcome } from './place.ts'

export interface Progress {
  readonly add: (input: Input, outcome: Outcome) => void
  readonly look: (looked: number, frames: number) => void
  readonly end: () => void
}

const TERMINAL_EVERY_MS = 100
const PLAIN_EVERY_MS = 5_000

export function createProgress(io: CliIo): Progress {
  const start = performance.now()
  const every = io.isTerminal === true ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS
  let [files, bytes, refused, shown] = [0, 0, 0, start]
  let pixels = ''
  const show = () => {
    const now = performance.now()
    if (now - shown < every) return
    shown = now
    io.error(io.isTerminal === true ? `\r\x1b[K${line()}` : `${line()}\n`)
  }
  const line = () => {
    const seconds = (performance.now() - start) / 1000
    const rate = (bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(0)
    return `${files} files, ${refused} refused, ${(bytes / 1e6).toFixed(0)} MB, ${rate} MB/s${pixels}`
  }
  return {
    add: (input, outcome) => {
      files++
      bytes += input.bytes
      if (outcome.kind === 'refused') {
        refused++
        // On a person's own screen only; a log gets the id that is in the report.
        const name = io.isTerminal === true ? input.label : input.id
        io.error(`${io.isTerminal === true ? '\r\x1b[K' : ''}refused: ${name}: ${outcome.code}\n`)
      }
      show()
    },
    look: (looked, frames) => {
      pixels = `, looked at ${looked} of ${frames} frames`
      show()
    },
    end: () => {
      io.error(io.isTerminal === true ? `\r\x1b[K${line()}\n` : `${line()}\n`)
    },
  }
}
