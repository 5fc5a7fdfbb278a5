/**
 * NIfTI-1 volumes (nifti1.h): a 348-byte header, 4 bytes, then voxels with the column index
 * fastest, then row, then slice — the same order as (slice, row, column) arrays in memory.
 *
 * World coordinates of NIfTI are RAS+, of DICOM LPS+: x and y change sign. Both qform and sform
 * are written. Output is gzipped without a time stamp, so that equal input gives equal bytes.
 */
import { gzipSync } from 'node:zlib'
import type { SeriesGeometry } from '@pandok/contract'

const HEADER_BYTES = 352
const DATATYPES = { uint8: [2, 8], int16: [4, 16], float32: [16, 32] } as const
/** NIFTI_UNITS_MM, NIFTI_XFORM_SCANNER_ANAT */
const UNITS_MM = 2
const SCANNER_ANATOMICAL = 1

export type Voxels = Uint8Array | Int16Array | Float32Array

/** `voxels` in (slice, row, column) order with the geometry's slices. */
export function encodeNifti(geometry: SeriesGeometry, voxels: Voxels): Uint8Array {
  const { rows, columns } = geometry
  const slices = geometry.sopInstanceUids.length
  if (voxels.length !== rows * columns * slices) {
    throw new RangeError('the voxels do not fit the geometry')
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
  const pixdim = [
    qfac,
    geometry.columnSpacingMm,
    geometry.rowSpacingMm,
    geometry.sliceSpacingMm,
    0,
    0,
    0,
    0,
  ]
  pixdim.forEach((size, at) => {
    header.setFloat32(76 + at * 4, size, true)
  })
  header.setFloat32(108, HEADER_BYTES, true)
  header.setFloat32(112, 1, true)
  header.setUint8(123, UNITS_MM)
  header.setInt16(252, SCANNER_ANATOMICAL, true)
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
  return gzipSync(Buffer.concat([new Uint8Array(header.buffer), body]), { level: 6 })
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
  if (first === undefined || last === undefined) throw new RangeError('the series has no slices')
  const steps = Math.max(positions.length - 1, 1)
  const normal = cross(orientation)
  return [0, 1, 2].map((axis) => {
    const sign = axis < 2 ? -1 : 1
    // From the first to the last slice: rounding of single positions does not add up.
    const travel =
      positions.length > 1
        ? ((last[axis] ?? 0) - (first[axis] ?? 0)) / steps
        : (normal[axis] ?? 0) * geometry.sliceSpacingMm
    return [
      sign * (orientation[axis] ?? 0) * columnSpacingMm,
      sign * (orientation[axis + 3] ?? 0) * rowSpacingMm,
      sign * travel,
      sign * (first[axis] ?? 0),
    ]
  })
}

function cross(o: SeriesGeometry['orientation']): [number, number, number] {
  return [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]]
}

/** The rotation as (b, c, d) of a unit quaternion, and qfac = −1 for a left-handed grid. */
function quaternionOf(affine: readonly AffineRow[]): { quaternion: number[]; qfac: number } {
  const columns = [0, 1, 2].map((column) => {
    const vector = affine.map((row) => row[column] ?? 0)
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
