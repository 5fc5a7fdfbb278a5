/**
 * A chest-CT-like series with nodules of known place and size, as CT Image Storage: for newcomers
 * without data, and for tests that must know the truth. Its identifiers are invented.
 */
import { createHash } from 'node:crypto'
import { dataSet, type Element, value, writeDicom } from '@pandok/anonymizer/dicom'
import type { SeriesGeometry } from '@pandok/contract'
import { type Grid, LOWEST_HU, makeAnatomy } from './anatomy.ts'
import type { Nodule } from './nodule.ts'

export type { Nodule } from './nodule.ts'

export interface PhantomOptions {
  readonly seed: number
  readonly patientId?: string
  readonly patientName?: string
  /** 48 without. */
  readonly slices?: number
  /** Rows and columns; 256 without. */
  readonly size?: number
  /** Distance of the centres of pixels, of slices; without: 340 mm over all columns, 2 mm. */
  readonly spacingMm?: number
  readonly sliceSpacingMm?: number
  /** One spiculated tumour and one small nodule without. */
  readonly nodules?: readonly Nodule[]
}

/** What the mask holds of a nodule: figures of its voxels, not of the ideal shape. */
export interface NoduleTruth extends Nodule {
  readonly volumeMm3: number
  /** Extent along x, y and z, whole voxels. */
  readonly diametersMm: readonly [number, number, number]
}

export interface Phantom {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  readonly truth: {
    readonly grid: Grid
    readonly geometry: SeriesGeometry
    /** Hounsfield units, (slice, row, column), as in the files; slices from the feet to the head. */
    readonly voxels: Int16Array
    /** Segment numbers in the same order; 0 is background. */
    readonly mask: Uint8Array
    readonly nodules: readonly NoduleTruth[]
    /** ImagePositionPatient of slice k is [x, y, z + k · sliceSpacingMm]. */
    readonly originMm: readonly [number, number, number]
  }
}

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2'
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const FIELD_OF_VIEW_MM = 340
const SLICE_SPACING_MM = 2

export function makePhantom(options: PhantomOptions): Phantom {
  const { seed, size = 256, slices = 48, sliceSpacingMm = SLICE_SPACING_MM } = options
  const spacingMm = options.spacingMm ?? FIELD_OF_VIEW_MM / size
  const grid: Grid = { slices, rows: size, columns: size, spacingMm, sliceSpacingMm }
  const nodules = options.nodules ?? defaultNodules(seed)
  const { voxels, mask } = makeAnatomy(grid, nodules, seed)
  const half = ((size - 1) / 2) * spacingMm
  const originMm = [-half, -half, -((slices - 1) / 2) * sliceSpacingMm] as const
  const files = Array.from({ length: slices }, (_, k) => ({
    name: `slice-${String(k + 1).padStart(3, '0')}.dcm`,
    bytes: encodeSlice(options, grid, voxels, k, originMm),
  }))
  return {
    files,
    truth: {
      grid,
      geometry: geometryOf(seed, grid, originMm),
      voxels,
      mask,
      originMm,
      nodules: nodules.map((nodule) => measure(grid, mask, nodule)),
    },
  }
}

/** One tumour with spikes in the right lung, one small ball in the left. */
function defaultNodules(seed: number): Nodule[] {
  const shift = (seed % 7) - 3
  return [
    { centreMm: [-78, 12 + shift, 4], radiusMm: 13 + (seed % 4), spiculation: 0.6, segment: 1 },
    { centreMm: [82, 30 - shift, 14], radiusMm: 4.5, spiculation: 0, segment: 3 },
  ]
}

/** By segment number: two nodules of one segment are measured as one. */
function measure(grid: Grid, mask: Uint8Array, nodule: Nodule): NoduleTruth {
  const { rows, columns, spacingMm, sliceSpacingMm } = grid
  const low = [Infinity, Infinity, Infinity]
  const high = [-1, -1, -1]
  let count = 0
  for (let at = mask.indexOf(nodule.segment); at >= 0; at = mask.indexOf(nodule.segment, at + 1)) {
    count++
    const place = [at % columns, Math.floor(at / columns) % rows, Math.floor(at / columns / rows)]
    place.forEach((index, axis) => {
      low[axis] = Math.min(low[axis] ?? index, index)
      high[axis] = Math.max(high[axis] ?? index, index)
    })
  }
  const extent = (axis: number, stepMm: number) =>
    count === 0 ? 0 : ((high[axis] ?? 0) - (low[axis] ?? 0) + 1) * stepMm
  return {
    ...nodule,
    volumeMm3: count * spacingMm ** 2 * sliceSpacingMm,
    diametersMm: [extent(0, spacingMm), extent(1, spacingMm), extent(2, sliceSpacingMm)],
  }
}

function geometryOf(
  seed: number,
  { slices, rows, columns, spacingMm, sliceSpacingMm }: Grid,
  [x, y, z]: readonly [number, number, number],
): SeriesGeometry {
  const all = Array.from({ length: slices }, (_, k) => k)
  return {
    studyInstanceUid: uid(seed, 'study'),
    seriesInstanceUid: uid(seed, 'series'),
    frameOfReferenceUid: uid(seed, 'frame-of-reference'),
    sopClassUid: CT_IMAGE_STORAGE,
    modality: 'CT',
    seriesDescription: 'Chest phantom',
    sopInstanceUids: all.map((k) => uid(seed, `instance-${k}`)),
    rows,
    columns,
    rowSpacingMm: spacingMm,
    columnSpacingMm: spacingMm,
    sliceSpacingMm,
    orientation: [1, 0, 0, 0, 1, 0],
    positions: all.map((k) => [x, y, z + k * sliceSpacingMm]),
    findings: [],
    isVolume: slices > 1,
  }
}

function encodeSlice(
  options: PhantomOptions,
  grid: Grid,
  voxels: Int16Array,
  k: number,
  originMm: readonly [number, number, number],
): Uint8Array {
  const { seed } = options
  const size = grid.rows * grid.columns
  const pixels = new Uint8Array(size * 2)
  const view = new DataView(pixels.buffer)
  for (let at = 0; at < size; at++) {
    view.setUint16(at * 2, (voxels[k * size + at] ?? 0) - LOWEST_HU, true)
  }
  const [x, y, z] = originMm
  const position = [x, y, z + k * grid.sliceSpacingMm]
  const elements: Element[] = [
    value('00080005', 'CS', 'ISO_IR 192'),
    value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
    value('00080016', 'UI', CT_IMAGE_STORAGE),
    value('00080018', 'UI', uid(seed, `instance-${k}`)),
    value('00080020', 'DA', '20240305'),
    value('00080021', 'DA', '20240305'),
    value('00080022', 'DA', '20240305'),
    value('00080023', 'DA', '20240305'),
    value('00080030', 'TM', '101500'),
    value('00080031', 'TM', '101530'),
    value('00080032', 'TM', '101530'),
    value('00080033', 'TM', '101531'),
    value('00080050', 'SH', `ACC${seed}`),
    value('00080060', 'CS', 'CT'),
    value('00080070', 'LO', 'Phantom Works'),
    value('00080080', 'LO', 'Invented Hospital'),
    value('00080090', 'PN', 'Referrer^Invented'),
    value('00081010', 'SH', 'CT-ROOM-1'),
    value('00081030', 'LO', 'CT chest'),
    value('0008103E', 'LO', 'Chest phantom'),
    value('00081070', 'PN', 'Operator^Invented'),
    value('00081090', 'LO', 'Phantom 1'),
    value('00100010', 'PN', options.patientName ?? `Phantom^P${seed}`),
    value('00100020', 'LO', options.patientId ?? `PHANTOM-${seed}`),
    value('00100030', 'DA', '19580217'),
    value('00100040', 'CS', seed % 2 === 0 ? 'F' : 'M'),
    value('00101010', 'AS', '066Y'),
    // A private block, so that de-identification has one to remove.
    value('00190010', 'LO', 'PHANTOM PRIVATE'),
    value('00191001', 'LO', `PRIVATE-${seed}`),
    value('00180015', 'CS', 'CHEST'),
    value('00180050', 'DS', grid.sliceSpacingMm),
    value('00180060', 'DS', 120),
    value('00181000', 'LO', `SERIAL-${seed}`),
    value('00181030', 'LO', 'Phantom chest'),
    value('00181151', 'IS', 200),
    value('00181210', 'SH', 'STANDARD'),
    value('00185100', 'CS', 'HFS'),
    value('0020000D', 'UI', uid(seed, 'study')),
    value('0020000E', 'UI', uid(seed, 'series')),
    value('00200010', 'SH', String(seed)),
    value('00200011', 'IS', 2),
    value('00200012', 'IS', 1),
    // Head first in the order of acquisition, as scanners number slices.
    value('00200013', 'IS', grid.slices - k),
    value('00200032', 'DS', position),
    value('00200037', 'DS', [1, 0, 0, 0, 1, 0]),
    value('00200052', 'UI', uid(seed, 'frame-of-reference')),
    value('00201040', 'LO', ''),
    value('00201041', 'DS', position[2] ?? 0),
    value('00280002', 'US', 1),
    value('00280004', 'CS', 'MONOCHROME2'),
    value('00280010', 'US', grid.rows),
    value('00280011', 'US', grid.columns),
    value('00280030', 'DS', [grid.spacingMm, grid.spacingMm]),
    value('00280100', 'US', 16),
    value('00280101', 'US', 12),
    value('00280102', 'US', 11),
    value('00280103', 'US', 0),
    value('00281050', 'DS', [40, -600]),
    value('00281051', 'DS', [400, 1500]),
    value('00281052', 'DS', LOWEST_HU),
    value('00281053', 'DS', 1),
    value('00281054', 'LO', 'HU'),
    value('7FE00010', 'OW', pixels),
  ]
  return writeDicom({ transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet: dataSet(elements) })
}

/** 2.25 and 128 bits of a hash: the same phantom has the same UIDs everywhere. */
function uid(seed: number, name: string): string {
  const hash = createHash('sha256').update(`pandok-phantom/${seed}/${name}`).digest('hex')
  return `2.25.${BigInt(`0x${hash.slice(0, 32)}`)}`
}
