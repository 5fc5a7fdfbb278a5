/**
 * The geometry of a series from the metadata of its instances (PS3.3 C.7.6.2). Pure.
 *
 * Slices are ordered by their position along the normal (row × column direction); what would make
 * a volume of them wrong is a finding, and then `isVolume` is false: never guessed.
 */
import type { SeriesGeometry } from '@pandok/contract'
import type { ArchivedInstance, InstanceJson } from './store.ts'

const POSITION_TOLERANCE_MM = 0.01
/** A gap between slices may differ from the usual one by this much. */
const SPACING_TOLERANCE = 0.02
const DIRECTION_TOLERANCE = 1e-4

type Vector = readonly [number, number, number]

interface Slice {
  readonly sopInstanceUid: string
  readonly position: Vector
  readonly along: number
}

/** undefined when the series has no images that lie in the patient (PS3.3 C.7.6.2). */
export function seriesGeometry(instances: readonly ArchivedInstance[]): SeriesGeometry | undefined {
  const [first] = instances
  if (first === undefined) return undefined
  const orientation = numbers(first.metadata, '00200037')
  const [row, column] = [orientation.slice(0, 3), orientation.slice(3, 6)].map(asVector)
  const [rowSpacingMm, columnSpacingMm] = numbers(first.metadata, '00280030')
  const rows = numbers(first.metadata, '00280010')[0]
  const columns = numbers(first.metadata, '00280011')[0]
  const frameOfReferenceUid = text(first.metadata, '00200052')
  if (
    row === undefined ||
    column === undefined ||
    rowSpacingMm === undefined ||
    columnSpacingMm === undefined ||
    rows === undefined ||
    columns === undefined ||
    frameOfReferenceUid === undefined ||
    rowSpacingMm <= 0 ||
    columnSpacingMm <= 0
  ) {
    return undefined
  }
  const normal = cross(row, column)
  const slices: Slice[] = []
  const findings = new Set<string>()
  for (const { sopInstanceUid, metadata } of instances) {
    const position = asVector(numbers(metadata, '00200032'))
    if (position === undefined) return undefined
    slices.push({ sopInstanceUid, position, along: dot(position, normal) })
    const isSameDirection = numbers(metadata, '00200037').every(
      (value, at) => Math.abs(value - (orientation[at] ?? 0)) < DIRECTION_TOLERANCE,
    )
    if (!isSameDirection) findings.add('GEOMETRY_MIXED_ORIENTATION')
    const isSameSize =
      numbers(metadata, '00280010')[0] === rows &&
      numbers(metadata, '00280011')[0] === columns &&
      numbers(metadata, '00280030').every(
        (value, at) => value === [rowSpacingMm, columnSpacingMm][at],
      )
    if (!isSameSize) findings.add('GEOMETRY_MIXED_SIZE')
    if (text(metadata, '00200052') !== frameOfReferenceUid) {
      findings.add('GEOMETRY_MIXED_FRAME_OF_REFERENCE')
    }
  }
  slices.sort((a, b) => a.along - b.along)
  const steps = slices.slice(1).map((slice, at) => slice.along - (slices[at]?.along ?? 0))
  const sliceSpacingMm = median(steps) ?? numbers(first.metadata, '00180050')[0] ?? 1
  for (const finding of stepFindings(slices, steps, sliceSpacingMm, normal)) findings.add(finding)
  if (slices.length < 2) findings.add('GEOMETRY_SINGLE_SLICE')
  return {
    studyInstanceUid: first.studyInstanceUid,
    seriesInstanceUid: first.seriesInstanceUid,
    frameOfReferenceUid,
    sopClassUid: first.sopClassUid,
    modality: first.modality,
    seriesDescription: text(first.metadata, '0008103E') ?? null,
    sopInstanceUids: slices.map((slice) => slice.sopInstanceUid),
    rows,
    columns,
    rowSpacingMm,
    columnSpacingMm,
    sliceSpacingMm: Math.max(sliceSpacingMm, POSITION_TOLERANCE_MM),
    orientation: [...row, ...column],
    positions: slices.map(({ position }) => [...position]),
    findings: [...findings].sort(),
    isVolume: findings.size === 0,
  }
}

function stepFindings(
  slices: readonly Slice[],
  steps: readonly number[],
  spacingMm: number,
  normal: Vector,
): string[] {
  const findings: string[] = []
  if (steps.some((step) => step < POSITION_TOLERANCE_MM)) {
    findings.push('GEOMETRY_DUPLICATE_POSITION')
  }
  const tolerance = Math.max(spacingMm * SPACING_TOLERANCE, POSITION_TOLERANCE_MM)
  const odd = steps.filter((step) => Math.abs(step - spacingMm) > tolerance)
  const isGap = (step: number) => Math.abs(step / spacingMm - Math.round(step / spacingMm)) < 0.05
  if (odd.length > 0) {
    findings.push(odd.every(isGap) ? 'GEOMETRY_GAP' : 'GEOMETRY_IRREGULAR_SPACING')
  }
  // A tilted gantry moves the slices sideways while they go along the normal.
  const [first] = slices
  const last = slices.at(-1)
  if (first !== undefined && last !== undefined) {
    const travel = minus(last.position, first.position)
    const along = dot(travel, normal)
    const sideways = Math.hypot(...minus(travel, scale(normal, along)))
    if (sideways > Math.max(POSITION_TOLERANCE_MM * slices.length, Math.abs(along) * 0.001)) {
      findings.push('GEOMETRY_TILT')
    }
  }
  return findings
}

function numbers(metadata: InstanceJson, tag: string): number[] {
  return (metadata[tag]?.Value ?? []).filter((value) => typeof value === 'number')
}

function text(metadata: InstanceJson, tag: string): string | undefined {
  const [value] = metadata[tag]?.Value ?? []
  return typeof value === 'string' ? value : undefined
}

function asVector(values: readonly number[]): Vector | undefined {
  const [x, y, z] = values
  if (x === undefined || y === undefined || z === undefined) return undefined
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

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
