/**
 * Label maps as runs: flat triples [start, length, value, start, length, value, …].
 *
 * `start` is the linear voxel index (k·rows + j)·columns + i with k the slice in the order of the
 * series' `sopInstanceUids`, j the row, i the column; `value` is the segment number after the
 * change, 0 for background. Runs of one list ascend and do not overlap. A whole label map is the
 * list of its non-zero runs; an edit is the list of the runs it changed.
 */
import { z } from 'zod'

/** A stroke over a large volume stays far below; a list beyond this is refused. */
export const MAX_RUNS = 200_000

export const Runs = z
  .array(z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER))
  .max(MAX_RUNS * 3)
  .superRefine((runs, context) => {
    if (runs.length % 3 !== 0) {
      context.addIssue({ code: 'custom', message: 'runs must come in triples' })
      return
    }
    let end = 0
    for (let at = 0; at < runs.length; at += 3) {
      const start = runs[at] ?? 0
      const length = runs[at + 1] ?? 0
      const value = runs[at + 2] ?? 0
      if (start < end || length < 1 || value > 255) {
        context.addIssue({
          code: 'custom',
          path: [at],
          message: 'runs must ascend, not overlap, have length ≥ 1 and a value ≤ 255',
        })
        return
      }
      end = start + length
    }
  })
export type Runs = z.infer<typeof Runs>

/** All non-zero runs of a label map. */
export function encodeRuns(labelmap: Uint8Array): number[] {
  const runs: number[] = []
  let at = 0
  while (at < labelmap.length) {
    const value = labelmap[at] ?? 0
    let end = at + 1
    while (end < labelmap.length && labelmap[end] === value) end++
    if (value !== 0) runs.push(at, end - at, value)
    at = end
  }
  return runs
}

/** Writes runs into a label map in place. Throws RangeError when a run lies outside. */
export function applyRuns(labelmap: Uint8Array, runs: readonly number[]): void {
  for (let at = 0; at < runs.length; at += 3) {
    const start = runs[at] ?? 0
    const length = runs[at + 1] ?? 0
    if (start + length > labelmap.length) {
      throw new RangeError('a run lies outside the label map')
    }
    labelmap.fill(runs[at + 2] ?? 0, start, start + length)
  }
}
