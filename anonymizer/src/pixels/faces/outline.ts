/**
 * The outline of a body in a plane, as seen from the front: u across, p forwards, both in mm from the
 * first pixel. Lines of one u are gathered in bins.
 */
import type { Plane } from './plane.ts'

/** Everything of the body on one line from the back to the front. */
export interface Line {
  readonly u: number
  readonly back: number
  readonly front: number
  /** From the back to the front. */
  readonly chord: number
}

export interface Outline {
  readonly lines: readonly Line[]
  readonly areaMm2: number
  readonly longest: number
}

/** At least as wide as the pixels, so that no line falls between them. */
function binMm({ columnSpacingMm, rowSpacingMm }: Plane): number {
  return Math.max(2, 1.5 * Math.max(columnSpacingMm, rowSpacingMm))
}

/** The p and u of a pixel. */
export function placeOf(
  plane: Plane,
  column: number,
  row: number,
): { readonly u: number; readonly p: number } {
  return {
    u: column * plane.across[0] + row * plane.across[1],
    p: column * plane.forward[0] + row * plane.forward[1],
  }
}

export function outlineOf(body: Uint8Array, columns: number, plane: Plane): Outline {
  const width = binMm(plane)
  const bins = new Map<number, { back: number; front: number }>()
  for (let at = body.indexOf(1); at >= 0; at = body.indexOf(1, at + 1)) {
    const { u, p } = placeOf(plane, at % columns, Math.floor(at / columns))
    const key = Math.round(u / width)
    const bin = bins.get(key)
    if (bin === undefined) bins.set(key, { back: p, front: p })
    else if (p < bin.back) bin.back = p
    else if (p > bin.front) bin.front = p
  }
  const lines = [...bins]
    .sort(([a], [b]) => a - b)
    .map(([key, { back, front }]) => ({ u: key * width, back, front, chord: front - back }))
  const areaMm2 = lines.reduce((sum, { chord }) => sum + chord * width, 0)
  const longest = lines.reduce((most, { chord }) => Math.max(most, chord), 0)
  return { lines, areaMm2, longest }
}
