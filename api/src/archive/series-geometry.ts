/**
 * The geometry of a series from the metadata of its instances (PS3.3 C.7.6.2). Pure.
 *
 * In: the instances of one series. Out: its slices in ascending order of their position along the
 * normal (row × column direction), lengths in mm, coordinates LPS. What would make a volume of
 * them wrong is a finding, and then `isVolume` is false: never guessed.
 *
 * | finding | what it says |
 * |---|---|
 * | GEOMETRY_MISSING | instances without place, direction or size in the patient; they are left out |
 * | GEOMETRY_MIXED_FRAME_OF_REFERENCE | slices of more than one frame of reference |
 * | GEOMETRY_MIXED_ORIENTATION | slices that are not parallel; spacing and tilt are not judged then |
 * | GEOMETRY_MIXED_SIZE | other rows, columns or pixel spacing |
 * | GEOMETRY_SINGLE_SLICE | one slice has no spacing |
 * | GEOMETRY_DUPLICATE_POSITION | two slices at one place |
 * | GEOMETRY_GAP | whole slices are missing between others |
 * | GEOMETRY_IRREGULAR_SPACING | steps that no missing slice explains |
 * | GEOMETRY_TILT | slices move sideways along the stack (a tilted gantry) |
 */
import type { SeriesGeometry } from '@pandok/contract'
import type { ArchivedInstance, InstanceJson } from './store.ts'

/** Nearer than this is the same place. */
const SAME_POSITION_MM = 0.01
/** A step between slices may differ from the usual one by this share. */
const SPACING_TOLERANCE = 0.02
/** A gap is this near to a whole number of steps. */
const WHOLE_STEP_TOLERANCE = 0.05
const DIRECTION_TOLERANCE = 1e-4
/** Direction cosines in DS have few digits: how far from unit length and a right angle they may be. */
const UNIT_TOLERANCE = 1e-3
/** Sideways a slice may lie off the stack's axis: a tenth of a pixel, and this share of the way. */
const TILT_SHARE = 0.001
const PIXEL_SHARE = 0.1

type Vector = readonly [number, number, number]

/** One image that lies in the patient. */
interface Slice {
  readonly instance: ArchivedInstance
  readonly position: Vector
  readonly row: Vector
  readonly column: Vector
  readonly rows: number
  readonly columns: number
  readonly rowSpacingMm: number
  readonly columnSpacingMm: number
  readonly frameOfReferenceUid: string
}

/** undefined when no instance of the series is an image with a place in the patient. */
export function seriesGeometry(instances: readonly ArchivedInstance[]): SeriesGeometry | undefined {
  const placed = instances.map(readSlice).filter((slice) => slice !== undefined)
  const [first] = placed
  if (first === undefined) return undefined
  const normal = cross(first.row, first.column)
  const along = (slice: Slice) => dot(slice.position, normal)
  const slices = placed.toSorted((a, b) => along(a) - along(b))
  const steps = slices.slice(1).map((slice, at) => along(slice) - along(slices[at] ?? slice))
  const spacingMm = median(steps.filter((step) => step >= SAME_POSITION_MM))
  const findings = new Set(mixtures(slices, first))
  if (slices.length < instances.length) findings.add('GEOMETRY_MISSING')
  if (slices.length < 2) findings.add('GEOMETRY_SINGLE_SLICE')
  if (!findings.has('GEOMETRY_MIXED_ORIENTATION')) {
    for (const finding of stepFindings(steps, spacingMm)) findings.add(finding)
    if (isTilted(slices, normal)) findings.add('GEOMETRY_TILT')
  }
  return {
    studyInstanceUid: first.instance.studyInstanceUid,
    seriesInstanceUid: first.instance.seriesInstanceUid,
    frameOfReferenceUid: first.frameOfReferenceUid,
    sopClassUid: first.instance.sopClassUid,
    modality: first.instance.modality,
    seriesDescription: text(first.instance.metadata, '0008103E') ?? null,
    sopInstanceUids: slices.map(({ instance }) => instance.sopInstanceUid),
    rows: first.rows,
    columns: first.columns,
    rowSpacingMm: first.rowSpacingMm,
    columnSpacingMm: first.columnSpacingMm,
    sliceSpacingMm: spacingMm ?? thicknessMm(first.instance.metadata),
    orientation: [...first.row, ...first.column],
    positions: slices.map(({ position }) => [...position]),
    findings: [...findings].sort(),
    isVolume: findings.size === 0,
  }
}

/** undefined when anything of the Image Plane Module is missing or cannot be. */
function readSlice(instance: ArchivedInstance): Slice | undefined {
  const { metadata } = instance
  const orientation = numbers(metadata, '00200037')
  const row = asVector(orientation.slice(0, 3))
  const column = asVector(orientation.slice(3))
  const position = asVector(numbers(metadata, '00200032'))
  const [rowSpacingMm, columnSpacingMm] = numbers(metadata, '00280030')
  const [rows] = numbers(metadata, '00280010')
  const [columns] = numbers(metadata, '00280011')
  const frameOfReferenceUid = text(metadata, '00200052')
  // Frames of one instance have their places in functional groups, which are not read yet.
  const isOneFrame = (numbers(metadata, '00280008')[0] ?? 1) === 1
  if (
    !isOneFrame ||
    row === undefined ||
    column === undefined ||
    position === undefined ||
    !isRightAngled(row, column) ||
    !isPositive(rowSpacingMm) ||
    !isPositive(columnSpacingMm) ||
    !isPositive(rows) ||
    !isPositive(columns) ||
    frameOfReferenceUid === undefined
  ) {
    return undefined
  }
  return {
    instance,
    position,
    row,
    column,
    rows,
    columns,
    rowSpacingMm,
    columnSpacingMm,
    frameOfReferenceUid,
  }
}

function mixtures(slices: readonly Slice[], first: Slice): string[] {
  const findings: string[] = []
  const axes = (slice: Slice) => [...slice.row, ...slice.column]
  const isParallel = (slice: Slice) =>
    axes(slice).every((value, at) => Math.abs(value - (axes(first)[at] ?? 0)) < DIRECTION_TOLERANCE)
  const isSameSize = (slice: Slice) =>
    slice.rows === first.rows &&
    slice.columns === first.columns &&
    slice.rowSpacingMm === first.rowSpacingMm &&
    slice.columnSpacingMm === first.columnSpacingMm
  if (!slices.every(isParallel)) findings.push('GEOMETRY_MIXED_ORIENTATION')
  if (!slices.every(isSameSize)) findings.push('GEOMETRY_MIXED_SIZE')
  if (slices.some((slice) => slice.frameOfReferenceUid !== first.frameOfReferenceUid)) {
    findings.push('GEOMETRY_MIXED_FRAME_OF_REFERENCE')
  }
  return findings
}

/** `steps` between neighbours in mm, ascending along the normal; `spacingMm` the usual one. */
function stepFindings(steps: readonly number[], spacingMm: number | undefined): string[] {
  const findings: string[] = []
  const apart = steps.filter((step) => step >= SAME_POSITION_MM)
  if (apart.length < steps.length) findings.push('GEOMETRY_DUPLICATE_POSITION')
  if (spacingMm === undefined) return findings
  const tolerance = Math.max(spacingMm * SPACING_TOLERANCE, SAME_POSITION_MM)
  const odd = apart.filter((step) => Math.abs(step - spacingMm) > tolerance)
  const isGap = (step: number) => {
    const ratio = step / spacingMm
    return ratio > 1.5 && Math.abs(ratio - Math.round(ratio)) < WHOLE_STEP_TOLERANCE
  }
  if (odd.some(isGap)) findings.push('GEOMETRY_GAP')
  if (!odd.every(isGap)) findings.push('GEOMETRY_IRREGULAR_SPACING')
  return findings
}

/** A tilted gantry moves the slices sideways while they go along the normal. */
function isTilted(slices: readonly Slice[], normal: Vector): boolean {
  const [first] = slices
  if (first === undefined) return false
  const pixelMm = Math.min(first.rowSpacingMm, first.columnSpacingMm)
  return slices.some(({ position }) => {
    const way = minus(position, first.position)
    const along = dot(way, normal)
    const sideways = Math.hypot(...minus(way, scale(normal, along)))
    return sideways > pixelMm * PIXEL_SHARE + Math.abs(along) * TILT_SHARE
  })
}

/** Slice Thickness stands in where there is only one place; 1 mm where that is missing too. */
function thicknessMm(metadata: InstanceJson): number {
  const [thickness] = numbers(metadata, '00180050')
  return isPositive(thickness) ? thickness : 1
}

const isPositive = (value: number | undefined): value is number => value !== undefined && value > 0

function isRightAngled(row: Vector, column: Vector): boolean {
  const offsets = [dot(row, row) - 1, dot(column, column) - 1, dot(row, column)]
  return offsets.every((offset) => Math.abs(offset) < UNIT_TOLERANCE)
}

function numbers(metadata: InstanceJson, tag: string): number[] {
  return (metadata[tag]?.Value ?? []).filter((value) => typeof value === 'number')
}

function text(metadata: InstanceJson, tag: string): string | undefined {
  const [value] = metadata[tag]?.Value ?? []
  return typeof value === 'string' ? value : undefined
}

/** undefined unless there are exactly three. */
function asVector(values: readonly number[]): Vector | undefined {
  const [x, y, z] = values
  if (x === undefined || y === undefined || z === undefined || values.length > 3) return undefined
  return [x, y, z]
}

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by]
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]

/** The lower of the two in the middle: a gap must not pass for the usual step. */
function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}
