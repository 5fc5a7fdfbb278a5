/**
 * A label map of unknown size as runs: applies strokes in order and gives the non-zero runs,
 * without ever allocating the volume. Pure; runs as in the contract's segmentation-runs.ts.
 */

/** Lays `strokes` over one another, the last on top; ascending non-zero triples come out. */
export function mergeStrokes(strokes: readonly (readonly number[])[]): number[] {
  // Newest first, each older run keeps only what no newer one has covered.
  let covered: number[] = []
  const kept: [start: number, length: number, value: number][] = []
  for (const runs of [...strokes].reverse()) {
    const pieces = uncovered(runs, covered)
    kept.push(...pieces)
    covered = union(covered, runs)
  }
  return joinAdjacent(kept.filter(([, , value]) => value !== 0).sort((a, b) => a[0] - b[0]))
}

/** The parts of `runs` outside `covered` (ascending start, end pairs). */
function uncovered(
  runs: readonly number[],
  covered: readonly number[],
): [number, number, number][] {
  const pieces: [number, number, number][] = []
  let at = 0
  for (let run = 0; run < runs.length; run += 3) {
    let start = runs[run] ?? 0
    const end = start + (runs[run + 1] ?? 0)
    const value = runs[run + 2] ?? 0
    while (at < covered.length && (covered[at + 1] ?? 0) <= start) at += 2
    for (let near = at; start < end; near += 2) {
      const coverStart = covered[near] ?? Number.POSITIVE_INFINITY
      const coverEnd = covered[near + 1] ?? Number.POSITIVE_INFINITY
      if (start < coverStart) pieces.push([start, Math.min(end, coverStart) - start, value])
      start = Math.max(start, coverEnd)
      if (coverStart >= end) break
    }
  }
  return pieces
}

/** Ascending disjoint start, end pairs of both. */
function union(covered: readonly number[], runs: readonly number[]): number[] {
  const spans: [number, number][] = []
  for (let at = 0; at < covered.length; at += 2) {
    spans.push([covered[at] ?? 0, covered[at + 1] ?? 0])
  }
  for (let at = 0; at < runs.length; at += 3) {
    const start = runs[at] ?? 0
    spans.push([start, start + (runs[at + 1] ?? 0)])
  }
  spans.sort((a, b) => a[0] - b[0])
  const result: number[] = []
  for (const [start, end] of spans) {
    const lastEnd = result.at(-1)
    if (lastEnd !== undefined && start <= lastEnd) {
      result[result.length - 1] = Math.max(lastEnd, end)
    } else {
      result.push(start, end)
    }
  }
  return result
}

function joinAdjacent(runs: readonly (readonly [number, number, number])[]): number[] {
  const result: number[] = []
  for (const [start, length, value] of runs) {
    const last = result.length - 3
    const isNext =
      last >= 0 &&
      (result[last] ?? 0) + (result[last + 1] ?? 0) === start &&
      result[last + 2] === value
    if (isNext) result[last + 1] = (result[last + 1] ?? 0) + length
    else result.push(start, length, value)
  }
  return result
}
