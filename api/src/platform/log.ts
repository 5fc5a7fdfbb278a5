/** Structured lines on standard output: ids, codes, durations; never a header value or a name. */
import { pino } from 'pino'

/** The few methods we use, so that a test can pass its own. */
export interface Log {
  readonly debug: (facts: object, message: string) => void
  readonly info: (facts: object, message: string) => void
  readonly warn: (facts: object, message: string) => void
  readonly error: (facts: object, message: string) => void
}

export function openLog(level: 'debug' | 'info' | 'warn' | 'error', process: string): Log {
  return pino({ level, base: { process } })
}
