/**
 * The geometry of a series from the planes of its instances (PS3.3 C.7.6.2). Pure.
 *
 * In: the instances of one series. Out: what is odd about it (SeriesFinding of the contract, each
 * with its numbers), and its slices in ascending order of their position along the normal (row ×
 * column direction), lengths in mm, coordinates LPS. What would make a volume of them wrong is a
 * finding, and then `isVolume` is false: never guessed.
 */
import type { SeriesFinding, SeriesGeometry } from '@pandok/contract'
import { missingIn, type Plane } from './planes.ts'
import { type PlacedPlane, rounded, stackFindings } from './stack-findings.ts'
import { cross, degreesBetween, dot, type Vector } from './vector.ts'

const DIRECTION_TOLERANCE = 1e-4
/** From here on what is seen across the slices is coarse; segmentation networks take 3 for it too. */
const COARSE_RATIO = 3

/** SOP classes whose every image has an Image Plane Module (PS3.3 table A.1-1): CT, MR, PET. */
const PLANAR = [
  '1.2.840.10008.5.1.4.1.1.2',
  '1.2.840.10008.5.1.4.1.1.4',
  '1.2.840.10008.5.1.4.1.1.128',
]

/** Segmentations, surfaces and RT objects lie where their images do; gaps in them mean nothing. */
const DERIVED = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.(66|481)(\.|$)/

export interface SeriesInstance {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly seriesDescription: string | null
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly modality: string
  readonly planes: readonly Plane[]
}

/** One image that lies in the patient. */
interface Slice extends PlacedPlane {
  readonly instance: SeriesInstance
  readonly orientation: NonNullable<Plane['orientation']>
  readonly row: Vector
  readonly column: Vector
  readonly rows: number
  readonly columns: number
  readonly rowSpacingMm: number
  readonly columnSpacingMm: number
  readonly thicknessMm: number | undefined
  /** undefined: judged with the others, but they lie nowhere that could be named. */
  readonly frameOfReferenceUid: string | undefined
}

/** What is known of the geometry of a series. */
export interface SeriesJudgement {
  /** [] also for what claims no place in the patient: documents, radiographs, segmentations. */
  readonly findings: SeriesFinding[]
  /** Images with a place in the patient. */
  readonly slices: number
  /** The usual step between parallel ones. */
  readonly spacingMm: number | undefined
  /** undefined when no image of the series has a place in the patient. */
  readonly geometry: SeriesGeometry | undefined
}

export function judgeSeries(all: readonly SeriesInstance[]): SeriesJudgement {
  const instances = all.filter(({ sopClassUid }) => !DERIVED.test(sopClassUid))
  const slices = instances.flatMap(slicesOf)
  const [first] = slices
  const missing = missingFindings(instances)
  if (first === undefined) {
    return { findings: missing, slices: 0, spacingMm: undefined, geometry: undefined }
  }
  const normal = cross(first.row, first.column)
  const along = ({ positionMm }: Slice) => dot(positionMm, normal)
  slices.sort((a, b) => along(a) - along(b))
  const mixed = mixtures(slices, first)
  const isParallel = !mixed.some(({ code }) => code === 'MIXED_ORIENTATION')
  const pixelMm = Math.min(first.rowSpacingMm, first.columnSpacingMm)
  const stack = isParallel
    ? stackFindings(slices, normal, pixelMm)
    : { findings: [], spacingMm: undefined }
  const sliceSpacingMm = stack.spacingMm ?? first.thicknessMm ?? 1
  const findings: SeriesFinding[] = [
    ...missing,
    ...mixed,
    ...(slices.length === 1 ? [{ code: 'SINGLE_SLICE', severity: 'blocks-volume' } as const] : []),
    ...stack.findings,
    ...multiFrame(instances),
    ...(stack.spacingMm === undefined ? [] : anisotropy(first, stack.spacingMm)),
  ]
  const frameOfReferenceUid = slices.find((slice) => slice.frameOfReferenceUid)?.frameOfReferenceUid
  if (frameOfReferenceUid === undefined) {
    return { findings, slices: slices.length, spacingMm: stack.spacingMm, geometry: undefined }
  }
  return {
    findings,
    slices: slices.length,
    spacingMm: stack.spacingMm,
    geometry: {
      studyInstanceUid: first.instance.studyInstanceUid,
      seriesInstanceUid: first.instance.seriesInstanceUid,
      frameOfReferenceUid,
      sopClassUid: first.instance.sopClassUid,
      modality: first.instance.modality,
      seriesDescription: first.instance.seriesDescription,
      sopInstanceUids: slices.map(({ instance }) => instance.sopInstanceUid),
      rows: first.rows,
      columns: first.columns,
      rowSpacingMm: first.rowSpacingMm,
      columnSpacingMm: first.columnSpacingMm,
      sliceSpacingMm,
      orientation: first.orientation,
      positions: slices.map(({ positionMm: [x, y, z] }) => [x, y, z]),
      findings,
      isVolume: findings.every(({ severity }) => severity === 'warns'),
    },
  }
}

function slicesOf(instance: SeriesInstance): Slice[] {
  return instance.planes.flatMap((plane) => {
    const { positionMm, orientation, pixelSpacingMm, rows, columns } = plane
    if (
      positionMm === undefined ||
      orientation === undefined ||
      pixelSpacingMm === undefined ||
      rows === undefined ||
      columns === undefined
    ) {
      return []
    }
    const [a, b, c, d, e, f] = orientation
    const [rowSpacingMm, columnSpacingMm] = pixelSpacingMm
    const { marks, thicknessMm, frameOfReferenceUid } = plane
    const place = { positionMm, orientation, row: [a, b, c], column: [d, e, f] } as const
    const size = { rows, columns, rowSpacingMm, columnSpacingMm, thicknessMm }
    return [{ instance, ...place, ...size, frameOfReferenceUid, marks }]
  })
}

/** Images of kinds that have a place, or of a series where others have one. */
function missingFindings(instances: readonly SeriesInstance[]): SeriesFinding[] {
  const planes = instances.flatMap((instance) => instance.planes)
  const isExpected =
    instances.some(({ sopClassUid, planes: [plane] }) => plane && PLANAR.includes(sopClassUid)) ||
    planes.some(({ positionMm, orientation }) => positionMm ?? orientation)
  const without = planes.filter((plane) => missingIn(plane).length > 0)
  if (!isExpected || without.length === 0) return []
  return [
    {
      code: 'MISSING_PLANE',
      severity: 'blocks-volume',
      planes: without.reduce((sum, { frames = 1 }) => sum + frames, 0),
      attributes: [...new Set(without.flatMap(missingIn))],
    },
  ]
}

function mixtures(slices: readonly Slice[], first: Slice): SeriesFinding[] {
  const findings: SeriesFinding[] = []
  const severity = 'blocks-volume'
  const frames = new Set(slices.flatMap((slice) => slice.frameOfReferenceUid ?? [])).size
  if (frames > 1) findings.push({ code: 'MIXED_FRAME_OF_REFERENCE', severity, frames })
  const directions = directionsOf(slices)
  if (directions.length > 1) {
    const normalOf = ({ row, column }: Slice) => cross(row, column)
    const degrees = Math.max(
      ...directions.map((slice) =>
        Math.max(
          degreesBetween(normalOf(first), normalOf(slice)),
          degreesBetween(first.row, slice.row),
        ),
      ),
    )
    findings.push({
      code: 'MIXED_ORIENTATION',
      severity,
      orientations: directions.length,
      degrees: rounded(degrees, 100),
    })
  }
  const sizes = [...Map.groupBy(slices, ({ rows, columns }) => `${rows} ${columns}`).values()]
    .sort((a, b) => b.length - a.length)
    .flatMap(([slice, ...others]) =>
      slice === undefined
        ? []
        : [{ rows: slice.rows, columns: slice.columns, planes: others.length + 1 }],
    )
  if (sizes.length > 1) findings.push({ code: 'MIXED_SIZE', severity, sizes })
  const spacings = new Set(slices.map((slice) => `${slice.rowSpacingMm} ${slice.columnSpacingMm}`))
  if (spacings.size > 1) {
    const mm = slices.flatMap((slice) => [slice.rowSpacingMm, slice.columnSpacingMm])
    findings.push({
      code: 'MIXED_PIXEL_SPACING',
      severity,
      spacings: spacings.size,
      leastMm: rounded(Math.min(...mm)),
      mostMm: rounded(Math.max(...mm)),
    })
  }
  return findings
}

/** One slice of each direction. */
function directionsOf(slices: readonly Slice[]): Slice[] {
  const found: Slice[] = []
  for (const slice of slices) {
    const isKnown = found.some(({ orientation }) =>
      orientation.every(
        (cosine, at) => Math.abs(cosine - (slice.orientation[at] ?? 0)) < DIRECTION_TOLERANCE,
      ),
    )
    if (!isKnown) found.push(slice)
  }
  return found
}

function multiFrame(instances: readonly SeriesInstance[]): SeriesFinding[] {
  const counts = instances
    .map(({ planes }) => planes.reduce((sum, { frames = 1 }) => sum + frames, 0))
    .filter((count) => count > 1)
  if (counts.length === 0) return []
  return [
    {
      code: 'MULTI_FRAME',
      severity: 'blocks-volume',
      instances: counts.length,
      frames: counts.reduce((sum, count) => sum + count, 0),
    },
  ]
}

function anisotropy(slice: Slice, spacingMm: number): SeriesFinding[] {
  const edges = [slice.rowSpacingMm, slice.columnSpacingMm, spacingMm]
  const [shortestMm, longestMm] = [Math.min(...edges), Math.max(...edges)]
  const ratio = longestMm / shortestMm
  if (ratio < COARSE_RATIO) return []
  return [
    {
      code: 'ANISOTROPY',
      severity: 'warns',
      ratio: rounded(ratio, 10),
      shortestMm: rounded(shortestMm),
      longestMm: rounded(longestMm),
    },
  ]
}
