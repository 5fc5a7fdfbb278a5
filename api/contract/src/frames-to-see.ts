/**
 * Which frames of a series a person has to have had on the screen before it counts as looked at; the
 * one place that says so, for the page that shows them and the server that asks for them:
 *
 * - every frame in which the detector saw text,
 * - every frame of a file that the detector could not look at,
 * - of every other file the first, the middle and the last frame; of a single image that is the image.
 *
 * Not each frame of a cine loop: the detector has looked at every frame of a series that waits for a
 * person, and what a device writes for long is in one of the three. What it writes for a moment only
 * the detector can be expected to find; a person sees what it found.
 *
 * In: clean files with what was found in them. Out: frames by file, from 1, ascending, none twice.
 */

export interface FramesOfFile {
  readonly sha256: string
  readonly frames: number[]
}

export function framesToSee(
  files: readonly { readonly sha256: string; readonly numberOfFrames: number }[],
  findings: readonly {
    readonly sha256: string
    readonly kind: 'text' | 'not-looked'
    readonly frames: readonly { readonly frame: number }[]
  }[],
): FramesOfFile[] {
  const found = new Map(findings.map((finding) => [finding.sha256, finding]))
  return files.map(({ sha256, numberOfFrames }) => {
    const finding = found.get(sha256)
    if (finding?.kind === 'not-looked') {
      return { sha256, frames: Array.from({ length: numberOfFrames }, (_, at) => at + 1) }
    }
    const withText = (finding?.frames ?? []).map(({ frame }) => frame)
    const frames = [1, Math.floor(numberOfFrames / 2) + 1, numberOfFrames, ...withText]
    return { sha256, frames: [...new Set(frames)].sort((a, b) => a - b) }
  })
}

/** What of `asked` is not in `seen`; files of which nothing is missing are left out. */
export function unseenFrames(
  asked: readonly FramesOfFile[],
  seen: readonly FramesOfFile[],
): FramesOfFile[] {
  const known = new Map<string, Set<number>>()
  for (const { sha256, frames } of seen) {
    known.set(sha256, new Set([...(known.get(sha256) ?? []), ...frames]))
  }
  return asked.flatMap(({ sha256, frames }) => {
    const missing = frames.filter((frame) => known.get(sha256)?.has(frame) !== true)
    return missing.length === 0 ? [] : [{ sha256, frames: missing }]
  })
}
