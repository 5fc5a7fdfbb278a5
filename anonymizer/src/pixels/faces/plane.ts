/**
 * How the plane of a frame lies in the patient (PS3.3 C.7.6.2, C.7.6.16.2): which way the face looks.
 * Patient coordinates are LPS in mm. In enhanced multi-frame images the functional groups say it.
 */
import { type DataSet, getItems, getStrings, type Tag } from '../../dicom/index.ts'

type Vector = readonly [number, number, number]

export interface Plane {
  readonly kind: 'axial' | 'sagittal' | 'coronal' | 'oblique'
  /** Millimetres forwards (towards the face) by one column and by one row. */
  readonly forward: readonly [byColumn: number, byRow: number]
  /** Across: to the patient's left in axial planes, upwards in sagittal ones. */
  readonly across: readonly [byColumn: number, byRow: number]
  /** Centre to centre, in mm. */
  readonly columnSpacingMm: number
  readonly rowSpacingMm: number
}

/** Gantries tilt by 30 degrees at most; beyond, a plane is none of the three. */
const MAX_TILT = (35 * Math.PI) / 180

const PLANE_ORIENTATION = '00209116'
const PIXEL_MEASURES = '00289110'
const PIXEL_VALUES = '00289145'

/** undefined: the instance does not say how its planes lie. `frame` counts from 1. */
export function planeOf(dataSet: DataSet, frame: number): Plane | undefined {
  const direction = numbersOf(dataSet, frame, PLANE_ORIENTATION, '00200037')
  const [rowSpacingMm = 0, columnSpacingMm = 0] = numbersOf(
    dataSet,
    frame,
    PIXEL_MEASURES,
    '00280030',
  )
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = direction
  const row = unit([a, b, c])
  const column = unit([d, e, f])
  const isKnown = direction.length === 6 && rowSpacingMm > 0 && columnSpacingMm > 0
  if (!isKnown || row === undefined || column === undefined) return undefined
  if (Math.abs(dot(row, column)) > 0.01) return undefined
  const kind = kindOf(cross(row, column))
  const along = (axis: Vector): [number, number] => [dot(row, axis), dot(column, axis)]
  // Within the plane; unit length, so that depths are measured in the plane.
  const [x, y] = along([0, -1, 0])
  const length = Math.hypot(x, y) || 1
  const [forwardX, forwardY] = [x / length, y / length]
  const [acrossX, acrossY] = along(kind === 'sagittal' ? [0, 0, 1] : [1, 0, 0])
  // Perpendicular to forward, on the side of the axis.
  const side = Math.sign(-forwardY * acrossX + forwardX * acrossY) || 1
  return {
    kind,
    forward: [forwardX * columnSpacingMm, forwardY * rowSpacingMm],
    across: [-forwardY * side * columnSpacingMm, forwardX * side * rowSpacingMm],
    columnSpacingMm,
    rowSpacingMm,
  }
}

/** Rescale Slope and Intercept; undefined: none are given. */
export function rescaleOf(
  dataSet: DataSet,
  frame: number,
): { readonly slope: number; readonly intercept: number } | undefined {
  const [intercept] = numbersOf(dataSet, frame, PIXEL_VALUES, '00281052')
  const [slope = 1] = numbersOf(dataSet, frame, PIXEL_VALUES, '00281053')
  return intercept === undefined || slope === 0 ? undefined : { slope, intercept }
}

function kindOf(normal: Vector): Plane['kind'] {
  const [x, y, z] = normal.map(Math.abs) as [number, number, number]
  const limit = Math.cos(MAX_TILT)
  if (z >= limit) return 'axial'
  if (x >= limit) return 'sagittal'
  return y >= limit ? 'coronal' : 'oblique'
}

/** At top level, in the frame's own group, or in the shared one; [] when absent or no numbers. */
function numbersOf(dataSet: DataSet, frame: number, group: Tag, tag: Tag): number[] {
  const own = getItems(dataSet, '52009230')[frame - 1]
  const [shared] = getItems(dataSet, '52009229')
  for (const place of [own, shared]) {
    const [item] = place === undefined ? [] : getItems(place, group)
    const found = item === undefined ? [] : parsed(item, tag)
    if (found.length > 0) return found
  }
  return parsed(dataSet, tag)
}

function parsed(dataSet: DataSet, tag: Tag): number[] {
  const numbers = getStrings(dataSet, tag).map(Number)
  return numbers.every(Number.isFinite) ? numbers : []
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

function unit(vector: Vector): Vector | undefined {
  const length = Math.hypot(...vector)
  if (Math.abs(length - 1) > 0.1) return undefined
  return [vector[0] / length, vector[1] / length, vector[2] / length]
}
