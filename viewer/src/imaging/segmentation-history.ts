/**
 * Undo and redo of strokes as run deltas, never whole volumes. Pure: a labelmap is read and written
 * through two functions, so that it is tested without a screen.
 */

/** One change: the same voxels before and after, as runs (contract's segmentation-runs.ts). */
export interface Stroke {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

const MAX_STEPS = 200

export function createHistory() {
  let done: Stroke[] = []
  let undone: Stroke[] = []
  return {
    push: (stroke: Stroke) => {
      done = [...done, stroke].slice(-MAX_STEPS)
      undone = []
    },
    /** The runs to write to take the last stroke back; undefined when there is none. */
    undo: (): readonly number[] | undefined => {
      const stroke = done.pop()
      if (stroke === undefined) return undefined
      undone.push(stroke)
      return stroke.before
    },
    redo: (): readonly number[] | undefined => {
      const stroke = undone.pop()
      if (stroke === undefined) return undefined
      done.push(stroke)
      return stroke.after
    },
    canUndo: () => done.length > 0,
    canRedo: () => undone.length > 0,
    clear: () => {
      done = []
      undone = []
    },
  }
}

/**
 * What changed between two states of some voxels, as runs of the old and of the new values.
 * `offset` is the linear index of the first voxel.
 */
export function strokeBetween(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  offset: number,
): Stroke {
  const stroke = { before: [] as number[], after: [] as number[] }
  let at = 0
  while (at < after.length) {
    if (before[at] === after[at]) {
      at++
      continue
    }
    const [old, now] = [before[at] ?? 0, after[at] ?? 0]
    let end = at + 1
    while (end < after.length && before[end] === old && after[end] === now) end++
    stroke.before.push(offset + at, end - at, old)
    stroke.after.push(offset + at, end - at, now)
    at = end
  }
  return stroke
}
