/**
 * Where a frame of a head is cut: everything in front of a curve goes. The curve follows from the back
 * and the sides of the head, never from the features of the face, so that what is left does not tell
 * them. Where the forehead is smooth the curve runs 12 mm or more behind it; elsewhere it is straight
 * and lies half a head's radius in front of the head's middle, behind eyes, nose, cheeks and lips.
 * All in mm, of the size of an adult; p forwards, u across (see outline.ts).
 */
import { type Ellipse, fitEllipse, type Point } from './ellipse.ts'
import type { Line, Outline } from './outline.ts'

/** The greatest p that stays at `u`; -Infinity: nothing does. */
export type Cut = (u: number) => number

/** Ears and the skin of the temples are thinner than this, from the back to the front. */
const EAR_CHORD_MM = 60
/** A slice from front to back that is no longer lies beside the brain: ear, cheek and scalp. */
const LATERAL_CHORD_MM = 90
/** A slice of less is skin or the tip of something. */
const LEAST_AREA_MM2 = 2500
/** How far behind the forehead's smooth curve: skin and most of the bone. */
const FOREHEAD_DEPTH_MM = 12
/** A forehead is as smooth as this; noses and eye sockets are not. */
const SMOOTH_MM = 8
/** Steps by which the curve yields; few, so that their choice tells little. */
const STEP_MM = 4

const NOTHING_STAYS: Cut = () => -Infinity

export function axialCut({ lines, areaMm2, longest }: Outline): Cut {
  if (areaMm2 < LEAST_AREA_MM2) return NOTHING_STAYS
  const head = withoutEars(lines, Math.min(EAR_CHORD_MM, 0.4 * longest))
  const [first, last] = [head[0], head.at(-1)]
  if (first === undefined || last === undefined) return NOTHING_STAYS
  const middle = (first.u + last.u) / 2
  const width = last.u - first.u
  const isWithin = (u: number) => u >= first.u && u <= last.u
  const sector = head.filter(({ u }) => Math.abs(u - middle) <= 0.32 * width)
  const sides = head.filter((line) => !sector.includes(line))
  const skull = fitEllipse([
    ...head.map(({ u, back }): Point => [u, back]),
    ...sides.map(({ u, front }): Point => [u, front]),
  ])
  const depth = skull === undefined ? undefined : foreheadDepth(skull, sector)
  if (skull !== undefined && depth !== undefined) {
    return (u) => (isWithin(u) ? (skull.frontAt(u) ?? skull.p) - depth : -Infinity)
  }
  const straight = backCentre(head, width) + 0.47 * width
  return (u) => (isWithin(u) ? straight : -Infinity)
}

/** The lines of the head without what sticks out at its sides. */
function withoutEars(lines: readonly Line[], least: number): readonly Line[] {
  const longest = lines.reduce((a, b) => (b.chord > a.chord ? b : a))
  const at = lines.indexOf(longest)
  const isThin = ({ chord }: Line) => chord < least
  const from = lines.slice(0, at).findLastIndex(isThin) + 1
  const to = lines.slice(at).findIndex(isThin)
  return lines.slice(from, to === -1 ? undefined : at + to)
}

/** undefined: not a forehead. */
function foreheadDepth(skull: Ellipse, front: readonly Line[]): number | undefined {
  const ahead = front.map((line) => line.front - (skull.frontAt(line.u) ?? Number.NaN))
  const [least, most] = [Math.min(...ahead), Math.max(...ahead)]
  if (!(most - least <= SMOOTH_MM) || least < -3 * STEP_MM || most > 3 * STEP_MM) return undefined
  return FOREHEAD_DEPTH_MM + STEP_MM * Math.ceil(Math.max(0, -least) / STEP_MM)
}

/** The centre of the back of the head; what the face is like hardly moves it. */
function backCentre(lines: readonly Line[], width: number): number {
  let limit = Infinity
  for (let round = 0; round < 3; round++) {
    let sum = 0
    let area = 0
    for (const { back, front, chord } of lines) {
      const to = Math.min(front, limit)
      if (to <= back) continue
      const part = chord * ((to - back) / (front - back || 1))
      sum += (part * (back + to)) / 2
      area += part
    }
    const centre = sum / area
    if (round === 2) return centre
    limit = centre + 0.13 * width
  }
  return limit
}

/** undefined: the top of the head is not in the frame, or it is none. */
export function sagittalCut({ lines, areaMm2, longest }: Outline): Cut | undefined {
  if (areaMm2 < LEAST_AREA_MM2 || longest < LATERAL_CHORD_MM) return NOTHING_STAYS
  const top = lines.at(-1)?.u ?? 0
  const cranium = lines.filter(({ u }) => u >= top - 0.6 * longest)
  const forehead = lines.filter(({ u }) => u >= top - 0.28 * longest)
  const skull = fitEllipse([
    ...cranium.map(({ u, back }): Point => [u, back]),
    ...forehead.map(({ u, front }): Point => [u, front]),
  ])
  if (skull === undefined || skull.residual > 0.04 * longest) return undefined
  const front = skull.frontAt(skull.u)
  if (front === undefined) return undefined
  const brow = skull.u + 0.15 * (top - skull.u)
  const behind = forehead.map((line) => (skull.frontAt(line.u) ?? line.front) - line.front)
  const yielded = STEP_MM * Math.ceil(Math.max(0, ...behind) / STEP_MM)
  if (yielded > 4 * STEP_MM) return undefined
  const depth = FOREHEAD_DEPTH_MM + yielded
  const straight = skull.p + 0.47 * (front - skull.p)
  return (u) => (u < brow ? straight : (skull.frontAt(u) ?? skull.p) - depth)
}
