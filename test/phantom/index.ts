/**
 * A chest-CT-like series with nodules of known place and size, as CT Image Storage: for newcomers
 * without data, and for tests that must know the truth. Its identifiers are invented.
 */
import { createHash } from 'node:crypto'
import { dataSet, type Element, value, writeDicom } from '@pandok/anonymizer/dicom'
import { type Grid, makeAnatomy, type Nodule } from './anatomy.ts'

export interface PhantomOptions {
  readonly seed: number
  readonly patientId?: string
  readonly patientName?: string
  readonly slices?: number
  /** Rows and columns. */
  readonly size?: number
  readonly nodules?: readonly Nodule[]
}

export interface Phantom {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
  readonly truth: {
    readonly grid: Grid
    /** Hounsfield units, (slice, row, column); slices from the feet to the head. */
    readonly voxels: Int16Array
    readonly mask: Uint8Array
    readonly nodules: readonly (Nodule & { readonly volumeMm3: number })[]
    /** ImagePositionPatient of slice k is [x, y, z + k · sliceSpacingMm]. */
    readonly originMm: readonly [number, number, number]
  }
}

const CT_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.2'
const EXPLICIT_VR_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const FIELD_OF_VIEW_MM = 340
const SLICE_SPACING_MM = 2
const INTERCEPT = -1024

export function makePhantom(options: PhantomOptions): Phantom {
  const size = options.size ?? 256
  const grid: Grid = {
    slices: options.slices ?? 48,
    rows: size,
    columns: size,
    spacingMm: FIELD_OF_VIEW_MM / size,
    sliceSpacingMm: SLICE_SPACING_MM,
  }
  const nodules = options.nodules ?? defaultNodules(options.seed)
  const { voxels, mask } = makeAnatomy(grid, nodules, options.seed)
  const half = ((size - 1) / 2) * grid.spacingMm
  const originMm = [-half, -half, -((grid.slices - 1) / 2) * SLICE_SPACING_MM] as const
  const files = Array.from({ length: grid.slices }, (_, k) => ({
    name: `slice-${String(k + 1).padStart(3, '0')}.dcm`,
    bytes: encodeSlice(options, grid, voxels, k, originMm),
  }))
  return {
    files,
    truth: {
      grid,
      voxels,
      mask,
      originMm,
      nodules: nodules.map((nodule) => ({ ...nodule, volumeMm3: volumeOf(grid, mask, nodule) })),
    },
  }
}

/** One tumour with spikes in the right lung, one small ball in the left. */
function defaultNodules(seed: number): Nodule[] {
  const shift = (seed % 7) - 3
  return [
    { centreMm: [-78, 12 + shift, 4], radiusMm: 13 + (seed % 4), spiculation: 0.35, segment: 1 },
    { centreMm: [82, 30 - shift, 14], radiusMm: 4.5, spiculation: 0, segment: 3 },
  ]
}

function volumeOf(grid: Grid, mask: Uint8Array, nodule: Nodule): number {
  const voxels = mask.reduce((sum, segment) => sum + (segment === nodule.segment ? 1 : 0), 0)
  return voxels * grid.spacingMm ** 2 * grid.sliceSpacingMm
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
    const stored = (voxels[k * size + at] ?? 0) - INTERCEPT
    view.setUint16(at * 2, Math.min(4095, Math.max(0, stored)), true)
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
    value('00281052', 'DS', INTERCEPT),
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
