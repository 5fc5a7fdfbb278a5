/**
 * NIfTI-1 volumes (nifti1.h): a 348-byte header, 4 bytes, then voxels with the column index
 * fastest, then row, then slice — the same order as (slice, row, column) arrays in memory.
 *
 * World coordinates of NIfTI are RAS+, of DICOM LPS+: x and y change sign. Both qform and sform
 * are written. Output is gzipped without a time stamp, so that equal input gives equal bytes.
 */
import { gzipSync } from 'node:zlib'
import type { SeriesGeometry } from '@pandok/contract'
import { ReleaseError } from '../release-error.ts'

const HEADER_BYTES = 352
const DATATYPES = { uint8: [2, 8], int16: [4, 16], float32: [16, 32] } as const
/** NIFTI_UNITS_MM, NIFTI_XFORM_SCANNER_ANAT */
const UNITS_MM = 2
const SCANNER_ANATOMICAL = 1
const MAX_DIMENSION = 32_767
/** Half the time of the usual 6 on CT images, for 2 % more bytes. */
const LEVEL = 4
/** A slice may lie this part of the spacing away from where an even grid has it. */
const GRID_TOLERANCE = 0.25
const ORTHOGONAL_TOLERANCE = 1e-3

export type Voxels = Uint8Array | Int16Array | Float32Array

/**
 * `voxels` in (slice, row, column) order with the geometry's slices: uint8 for labels, int16 or
 * float32 for Hounsfield units. RELEASE_GEOMETRY when the slices do not lie on one even grid, or
 * are not as many as the voxels: NIfTI could not say where they are.
 */
export function encodeNifti(geometry: SeriesGeometry, voxels: Voxels): Uint8Array {
  const { rows, columns } = geometry
  const slices = geometry.sopInstanceUids.length
  if (voxels.length !== rows * columns * slices) {
    throw new ReleaseError('RELEASE_GEOMETRY', 'the voxels do not fit the series')
  }
  if (Math.max(rows, columns, slices) > MAX_DIMENSION) {
    throw new ReleaseError('RELEASE_GEOMETRY', 'a NIfTI-1 volume has at most 32767 voxels a side')
  }
  const header = new DataView(new ArrayBuffer(HEADER_BYTES))
  const [datatype, bitpix] = DATATYPES[typeOf(voxels)]
  header.setInt32(0, 348, true)
  const dims = [3, columns, rows, slices, 1, 1, 1, 1]
  dims.forEach((dim, at) => {
    header.setInt16(40 + at * 2, dim, true)
  })
  header.setInt16(70, datatype, true)
  header.setInt16(72, bitpix, true)
  const affine = rasAffine(geometry)
  const { quaternion, qfac } = quaternionOf(affine)
  const [i = 0, j = 0, k = 0] = columnsOf(affine).map((column) => Math.hypot(...column))
  const pixdim = [qfac, i, j, k, 0, 0, 0, 0]
  pixdim.forEach((size, at) => {
    header.setFloat32(76 + at * 4, size, true)
  })
  header.setFloat32(108, HEADER_BYTES, true)
  header.setFloat32(112, 1, true)
  header.setUint8(123, UNITS_MM)
  // A quaternion cannot lean: slices that do are told by the sform alone.
  header.setInt16(252, isOrthogonal(affine) ? SCANNER_ANATOMICAL : 0, true)
  header.setInt16(254, SCANNER_ANATOMICAL, true)
  quaternion.forEach((part, at) => {
    header.setFloat32(256 + at * 4, part, true)
  })
  affine.forEach((row, at) => {
    header.setFloat32(268 + at * 4, row[3], true)
    row.forEach((part, column) => {
      header.setFloat32(280 + at * 16 + column * 4, part, true)
    })
  })
  // "n+1\0": header and voxels in one file.
  ;[0x6e, 0x2b, 0x31, 0].forEach((byte, at) => {
    header.setUint8(344 + at, byte)
  })
  const body = new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength)
  return gzipSync(Buffer.concat([new Uint8Array(header.buffer), body]), { level: LEVEL })
}

function typeOf(voxels: Voxels): keyof typeof DATATYPES {
  if (voxels instanceof Uint8Array) return 'uint8'
  return voxels instanceof Int16Array ? 'int16' : 'float32'
}

type AffineRow = readonly [number, number, number, number]

/** Voxel (column, row, slice) to RAS mm: three rows of four. */
function rasAffine(geometry: SeriesGeometry): AffineRow[] {
  const { orientation, positions, columnSpacingMm, rowSpacingMm } = geometry
  const [first] = positions
  const last = positions.at(-1)
  if (
    first === undefined ||
    last === undefined ||
    positions.length !== geometry.sopInstanceUids.length
  ) {
    throw new ReleaseError('RELEASE_GEOMETRY', 'a slice has no position')
  }
  const steps = Math.max(positions.length - 1, 1)
  const normal = cross(orientation)
  // From the first to the last slice: rounding of single positions does not add up.
  const travels = [0, 1, 2].map((axis) =>
    positions.length > 1
      ? ((last[axis] ?? 0) - (first[axis] ?? 0)) / steps
      : (normal[axis] ?? 0) * geometry.sliceSpacingMm,
  )
  const spacingMm = Math.hypot(...travels)
  const isEven = positions.every((position, slice) => {
    const off = position.map(
      (part, axis) => part - (first[axis] ?? 0) - (travels[axis] ?? 0) * slice,
    )
    return Math.hypot(...off) <= GRID_TOLERANCE * spacingMm
  })
  if (!isEven || spacingMm === 0) {
    throw new ReleaseError('RELEASE_GEOMETRY', 'the slices do not lie on one even grid')
  }
  return [0, 1, 2].map((axis) => {
    const sign = axis < 2 ? -1 : 1
    const travel = travels[axis] ?? 0
    return [
      sign * (orientation[axis] ?? 0) * columnSpacingMm,
      sign * (orientation[axis + 3] ?? 0) * rowSpacingMm,
      sign * travel,
      sign * (first[axis] ?? 0),
    ]
  })
}

/** The steps from voxel to voxel along columns, rows and slices. */
function columnsOf(affine: readonly AffineRow[]): number[][] {
  return [0, 1, 2].map((column) => affine.map((row) => row[column] ?? 0))
}

function isOrthogonal(affine: readonly AffineRow[]): boolean {
  const [a = [], b = [], c = []] = columnsOf(affine)
  const cosine = (u: number[], v: number[]) =>
    u.reduce((sum, part, at) => sum + part * (v[at] ?? 0), 0) / Math.hypot(...u) / Math.hypot(...v)
  const cosines = [cosine(a, b), cosine(a, c), cosine(b, c)]
  return cosines.every((each) => Math.abs(each) < ORTHOGONAL_TOLERANCE)
}

function cross(o: SeriesGeometry['orientation']): [number, number, number] {
  return [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]]
}

/** The rotation as (b, c, d) of a unit quaternion, and qfac = −1 for a left-handed grid. */
function quaternionOf(affine: readonly AffineRow[]): { quaternion: number[]; qfac: number } {
  const columns = columnsOf(affine).map((vector) => {
    const length = Math.hypot(...vector)
    return vector.map((part) => part / length)
  })
  const r = (row: number, column: number) => columns[column]?.[row] ?? 0
  const determinant =
    r(0, 0) * (r(1, 1) * r(2, 2) - r(1, 2) * r(2, 1)) -
    r(0, 1) * (r(1, 0) * r(2, 2) - r(1, 2) * r(2, 0)) +
    r(0, 2) * (r(1, 0) * r(2, 1) - r(1, 1) * r(2, 0))
  const qfac = determinant < 0 ? -1 : 1
  const m = (row: number, column: number) => r(row, column) * (column === 2 ? qfac : 1)
  const trace = m(0, 0) + m(1, 1) + m(2, 2)
  if (trace > 0) {
    const a = Math.sqrt(trace + 1) / 2
    const quaternion = [m(2, 1) - m(1, 2), m(0, 2) - m(2, 0), m(1, 0) - m(0, 1)]
    return { quaternion: quaternion.map((part) => part / (4 * a)), qfac }
  }
  // The largest of b, c, d first, for the sake of the division (nifti1_io's own way round).
  const squares = [0, 1, 2].map((axis) => 1 + 2 * m(axis, axis) - trace)
  const largest = squares.indexOf(Math.max(...squares))
  const [i, j, k] = [largest, (largest + 1) % 3, (largest + 2) % 3]
  const big = Math.sqrt(squares[i] ?? 1) / 2
  const quaternion = [0, 0, 0]
  quaternion[i] = big
  quaternion[j] = (m(j, i) + m(i, j)) / (4 * big)
  quaternion[k] = (m(k, i) + m(i, k)) / (4 * big)
  // A negative scalar part means the same rotation with all signs turned.
  const a = (m(k, j) - m(j, k)) / (4 * big)
  return { quaternion: a < 0 ? quaternion.map((part) => -part) : quaternion, qfac }
}
