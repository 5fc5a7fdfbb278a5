/**
 * What is odd about a stack of parallel planes: places, steps and lean. Pure.
 *
 * In: the planes in ascending order along their normal. Out: findings of the contract
 * (SeriesFinding), and the usual step in mm.
 */
import { type SeriesFinding, VOLUMES_BY } from '@pandok/contract'
import type { Plane } from './planes.ts'
import { degreesBetween, dot, length, median, minus, scale, type Vector } from './vector.ts'

/** Nearer than this is the same place. */
const SAME_POSITION_MM = 0.01
/** A step between slices may differ from the usual one by this share. */
const SPACING_TOLERANCE = 0.02
/** A gap is this near to a whole number of steps. */
const WHOLE_STEP_TOLERANCE = 0.05
/** Sideways a slice may lie off the stack's axis: a tenth of a pixel, and this share of the way. */
const TILT_SHARE = 0.001
const PIXEL_SHARE = 0.1

/** A plane that has a place in the patient. */
export interface PlacedPlane {
  readonly positionMm: Vector
  readonly marks: Plane['marks']
}

export function stackFindings(
  planes: readonly PlacedPlane[],
  normal: Vector,
  pixelMm: number,
): { findings: SeriesFinding[]; spacingMm: number | undefined } {
  const places = placesOf(planes, normal)
  const along = places.map(([first]) => (first === undefined ? 0 : dot(first.positionMm, normal)))
  const steps = along.slice(1).map((mm, at) => mm - (along[at] ?? mm))
  const spacingMm = median(steps)
  return {
    findings: [
      ...repeatFindings(places),
      ...(spacingMm === undefined ? [] : stepFindings(steps, along, spacingMm)),
      ...leanFindings(places, normal, pixelMm),
    ],
    spacingMm,
  }
}

/** Planes by place; the planes of one place lie together. */
function placesOf(planes: readonly PlacedPlane[], normal: Vector): PlacedPlane[][] {
  const places: PlacedPlane[][] = []
  let last = Number.NEGATIVE_INFINITY
  for (const plane of planes) {
    const along = dot(plane.positionMm, normal)
    if (along - last >= SAME_POSITION_MM) {
      places.push([])
      last = along
    }
    places.at(-1)?.push(plane)
  }
  return places
}

/** Planes at one place are volumes when something tells them apart everywhere, else duplicates. */
function repeatFindings(places: readonly (readonly PlacedPlane[])[]): SeriesFinding[] {
  const repeated = places.filter((planes) => planes.length > 1)
  if (repeated.length === 0) return []
  const by = apartBy(repeated)
  const volumes = Math.max(...places.map((planes) => planes.length))
  if (by !== undefined) {
    const incomplete = places.filter((planes) => planes.length < volumes).length
    return [{ code: 'SEVERAL_VOLUMES', severity: 'blocks-volume', volumes, by, incomplete }]
  }
  const tooMany = repeated.reduce((sum, planes) => sum + planes.length - 1, 0)
  return [
    {
      code: 'DUPLICATE_POSITION',
      severity: 'blocks-volume',
      positions: repeated.length,
      planes: tooMany,
    },
  ]
}

/** One kind of mark that differs at every place, else those that do so together. */
function apartBy(
  places: readonly (readonly PlacedPlane[])[],
): (typeof VOLUMES_BY)[number][] | undefined {
  const tells = (kinds: readonly (typeof VOLUMES_BY)[number][]) =>
    places.every((planes) => {
      const marks = planes.map((plane) => JSON.stringify(kinds.map((kind) => plane.marks[kind])))
      return new Set(marks).size === planes.length
    })
  const alone = VOLUMES_BY.find((kind) => tells([kind]))
  if (alone !== undefined) return [alone]
  const varying = VOLUMES_BY.filter((kind) =>
    places.some((planes) => new Set(planes.map((plane) => plane.marks[kind])).size > 1),
  )
  return varying.length > 0 && tells(varying) ? varying : undefined
}

/** `steps` between neighbouring places; `along`: where these are on the normal. */
function stepFindings(
  steps: readonly number[],
  along: readonly number[],
  spacingMm: number,
): SeriesFinding[] {
  const findings: SeriesFinding[] = []
  const tolerance = Math.max(spacingMm * SPACING_TOLERANCE, SAME_POSITION_MM)
  const odd = steps
    .map((mm, at) => ({ mm, at }))
    .filter(({ mm }) => Math.abs(mm - spacingMm) > tolerance)
  const isGap = ({ mm }: { mm: number }) => {
    const ratio = mm / spacingMm
    return ratio > 1.5 && Math.abs(ratio - Math.round(ratio)) < WHOLE_STEP_TOLERANCE
  }
  const gaps = odd.filter(isGap)
  const [firstGap] = gaps
  if (firstGap !== undefined) {
    findings.push({
      code: 'GAP',
      severity: 'blocks-volume',
      gaps: gaps.length,
      count: gaps.reduce((sum, { mm }) => sum + Math.round(mm / spacingMm) - 1, 0),
      afterMm: rounded((along[firstGap.at] ?? 0) - (along[0] ?? 0)),
      largestMm: rounded(Math.max(...gaps.map(({ mm }) => mm))),
      expectedMm: rounded(spacingMm),
    })
  }
  const irregular = odd.filter((step) => !isGap(step))
  if (irregular.length > 0) {
    findings.push({
      code: 'IRREGULAR_SPACING',
      severity: 'blocks-volume',
      steps: irregular.length,
      leastMm: rounded(Math.min(...irregular.map(({ mm }) => mm))),
      mostMm: rounded(Math.max(...irregular.map(({ mm }) => mm))),
      expectedMm: rounded(spacingMm),
    })
  }
  return findings
}

/**
 * A tilted gantry moves all slices sideways alike while they go along the normal; what lies off that
 * straight line is shifted.
 */
function leanFindings(
  places: readonly (readonly PlacedPlane[])[],
  normal: Vector,
  pixelMm: number,
): SeriesFinding[] {
  const planes = places.flat()
  const [first] = planes
  const last = planes.at(-1)
  if (first === undefined || last === undefined) return []
  const way = minus(last.positionMm, first.positionMm)
  const alongMm = dot(way, normal)
  const allowedMm = (along: number) => pixelMm * PIXEL_SHARE + Math.abs(along) * TILT_SHARE
  const sidewaysMm = length(minus(way, scale(normal, alongMm)))
  const isTilted = alongMm >= SAME_POSITION_MM && sidewaysMm > allowedMm(alongMm)
  const axis = isTilted ? scale(way, 1 / alongMm) : normal
  const shifts = planes
    .map(({ positionMm }) => {
      const own = minus(positionMm, first.positionMm)
      const along = dot(own, normal)
      return { mm: length(minus(own, scale(axis, along))), along }
    })
    .filter(({ mm, along }) => mm > allowedMm(along))
  const findings: SeriesFinding[] = []
  if (isTilted) {
    const degrees = rounded(degreesBetween(way, normal), 100)
    findings.push({ code: 'TILT', severity: 'blocks-volume', degrees })
  }
  if (shifts.length > 0) {
    findings.push({
      code: 'SHIFTED',
      severity: 'blocks-volume',
      planes: shifts.length,
      mostMm: rounded(Math.max(...shifts.map(({ mm }) => mm))),
    })
  }
  return findings
}

/** To the micrometre, or to a share of the unit. */
export function rounded(value: number, share = 1000): number {
  return Math.round(value * share) / share
}
