/**
 * Notices that a server does not answer any more though connections to it stand: a network that drops
 * everything in silence, or a host that is gone. When a call takes long, a probe of its own asks whether
 * anybody is there; if not, what is under way is cut, calls fail at once, and it asks again every second
 * until there is an answer. A slow call to a healthy server is left alone.
 */

const LOOK_EVERY_MS = 500
const LONG_MS = 2_000
const PROBE_AGAIN_MS = 1_000

export interface AnswerWatch {
  /** While it is, nobody should call. */
  readonly isAway: () => boolean
  /** The call is noted until it settles. */
  readonly during: <T>(call: () => Promise<T>) => Promise<T>
  readonly close: () => void
}

/** `isAnswering` never rejects, and gives up by itself; `cut` ends all that is under way. */
export function watchAnswers(options: {
  readonly isAnswering: () => Promise<boolean>
  readonly cut: () => void
}): AnswerWatch {
  const calls = new Set<{ readonly sinceMs: number }>()
  let isAway = false
  let askedMs = 0
  let isAsking = false

  const ask = async () => {
    isAsking = true
    const answers = await options.isAnswering()
    isAsking = false
    askedMs = performance.now()
    isAway = !answers
    if (isAway) options.cut()
  }
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const [oldest] = calls
    const isLong = oldest !== undefined && nowMs - oldest.sinceMs > LONG_MS
    const isDue = nowMs - askedMs > (isAway ? PROBE_AGAIN_MS : LONG_MS)
    if (!isAsking && isDue && (isAway || isLong)) void ask()
  }, LOOK_EVERY_MS)
  timer.unref()

  return {
    isAway: () => isAway,
    during: async (call) => {
      const entry = { sinceMs: performance.now() }
      calls.add(entry)
      try {
        return await call()
      } finally {
        calls.delete(entry)
      }
    },
    close: () => {
      clearInterval(timer)
    },
  }
}
