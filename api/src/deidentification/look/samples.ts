/**
 * Which frames of a series are looked at when nothing announces text: the first, the middle and the
 * last, and every frame whose corners differ from those of the one before or after it, for that is where
 * machines write. In: files in their order. Out: frames of each file, rising, from 1.
 */

export interface SampledFile {
  readonly sha256: string
  readonly numberOfFrames: number
  /** A sign per frame; empty where it could not be read: such a frame is looked at. */
  readonly corners: readonly string[]
}

/** Frames by the hash of their file; a file without any is left out. */
export type Views = ReadonlyMap<string, readonly number[]>

export function samplesOf(files: readonly SampledFile[]): Views {
  const all = files.flatMap(({ sha256, numberOfFrames, corners }) =>
    Array.from({ length: numberOfFrames }, (_, at) => ({
      sha256,
      frame: at + 1,
      sign: corners[at] ?? '',
    })),
  )
  const middle = Math.floor(all.length / 2)
  return byFile(
    all.filter(({ sign }, at) => {
      if (at === 0 || at === middle || at === all.length - 1) return true
      return sign === '' || sign !== all[at - 1]?.sign || sign !== all[at + 1]?.sign
    }),
  )
}

export function everyFrame(files: readonly Omit<SampledFile, 'corners'>[]): Views {
  return new Map(
    files.map(({ sha256, numberOfFrames }) => [
      sha256,
      Array.from({ length: numberOfFrames }, (_, at) => at + 1),
    ]),
  )
}

/** What of `all` is not in `done`. */
export function without(all: Views, done: Views): Views {
  const rest = [...all].map(([sha256, frames]) => {
    const known = new Set(done.get(sha256))
    return [sha256, frames.filter((frame) => !known.has(frame))] as const
  })
  return new Map(rest.filter(([, frames]) => frames.length > 0))
}

export function countOf(views: Views): number {
  return [...views.values()].reduce((sum, frames) => sum + frames.length, 0)
}

function byFile(views: readonly { sha256: string; frame: number }[]): Views {
  const groups = Map.groupBy(views, ({ sha256 }) => sha256)
  return new Map([...groups].map(([sha256, all]) => [sha256, all.map(({ frame }) => frame)]))
}
