/** How fast something goes lately, and how long it still takes. */

export interface Pace {
  readonly bytesPerSecond: number
  readonly secondsLeft: number
}

const WINDOW_MS = 20_000
/** Sooner it would jump about. */
const MIN_MS = 3_000

/** In: bytes done and of all, whenever they change. */
export function createPace(now: () => number = () => performance.now()) {
  const samples: { readonly atMs: number; readonly done: number }[] = []
  return ({ done, of }: { done: number; of: number }): Pace | undefined => {
    const atMs = now()
    samples.push({ atMs, done })
    // One from before the window stays, so that there is always something to compare with.
    while (atMs - (samples[1]?.atMs ?? atMs) > WINDOW_MS) samples.shift()
    const [first] = samples
    if (first === undefined || atMs - first.atMs < MIN_MS || done === first.done) return undefined
    const bytesPerSecond = ((done - first.done) * 1000) / (atMs - first.atMs)
    return { bytesPerSecond, secondsLeft: Math.max(0, of - done) / bytesPerSecond }
  }
}
