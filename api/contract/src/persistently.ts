/** Tries until the network and the server are back. Only for what is harmless when it is done twice. */
import { PandokError } from './errors.ts'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const PASSING: ReadonlySet<string> = new Set([
  'DATABASE_UNAVAILABLE',
  'IDENTITY_UNAVAILABLE',
  'STORAGE_UNAVAILABLE',
  'STORAGE_FULL',
  'INTERNAL',
  'TOKEN_INVALID',
])

const sleep = (ms: number) => new Promise<void>((wake) => setTimeout(wake, ms))

/** `onWaiting(true)` after a try that failed, `onWaiting(false)` after the one that did not. */
export async function persistently<T>(
  work: () => Promise<T>,
  onWaiting: (isWaiting: boolean) => void,
  pause: (ms: number) => Promise<void> = sleep,
): Promise<T> {
  for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
    try {
      const result = await work()
      if (waitMs > FIRST_PAUSE_MS) onWaiting(false)
      return result
    } catch (error) {
      if (error instanceof PandokError && !PASSING.has(error.code)) throw error
      onWaiting(true)
      await pause(waitMs)
    }
  }
}
