/** Reads the native pixels of a series into one volume of modality values (Hounsfield units). */
import type { SeriesGeometry } from '@pandok/contract'
import type { ArchivedInstance } from '../archive/index.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import { readFrame } from '../platform/frame-index.ts'
import { ReleaseError } from './release-error.ts'

const NATIVE = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']

/**
 * Voxels in (slice, row, column) order, rescaled (PS3.3 C.11.1): int16 when every value is a whole
 * number in its range, float32 otherwise.
 */
export async function readVolume(
  geometry: SeriesGeometry,
  instances: readonly ArchivedInstance[],
  blobs: BlobStore,
): Promise<Int16Array | Float32Array> {
  const bySop = new Map(instances.map((instance) => [instance.sopInstanceUid, instance]))
  const size = geometry.rows * geometry.columns
  const volume = new Float32Array(size * geometry.sopInstanceUids.length)
  for (const [slice, uid] of geometry.sopInstanceUids.entries()) {
    const instance = bySop.get(uid)
    if (instance === undefined) throw new ReleaseError('RELEASE_GEOMETRY', 'a slice is missing')
    volume.set(await readSlice(instance, size, blobs), slice * size)
  }
  const isShort = volume.every(
    (value) => Number.isInteger(value) && value >= -32768 && value <= 32767,
  )
  return isShort ? Int16Array.from(volume) : volume
}

async function readSlice(
  instance: ArchivedInstance,
  size: number,
  blobs: BlobStore,
): Promise<Float32Array> {
  const number = (tag: string) => Number(instance.metadata[tag]?.Value?.[0])
  const isReadable =
    NATIVE.includes(instance.transferSyntaxUid) &&
    number('00280100') === 16 &&
    number('00280002') === 1 &&
    // High Bit elsewhere puts other values around the pixel's own (PS3.5 8.1.1).
    number('00280102') === number('00280101') - 1
  const bytes = isReadable ? await readFrame(blobs, 'archive', instance, 1) : undefined
  if (bytes?.length !== size * 2) {
    throw new ReleaseError('RELEASE_TRANSFER_SYNTAX', 'only native 16-bit images are read here yet')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const isSigned = number('00280103') === 1
  const bits = number('00280101')
  // Bits above Bits Stored hold nothing of the value (PS3.5 8.1.1).
  const unused = 32 - bits
  const slope = number('00281053') || 1
  const intercept = number('00281052') || 0
  const values = new Float32Array(size)
  for (let at = 0; at < size; at++) {
    const stored = view.getUint16(at * 2, true) << unused
    values[at] = (isSigned ? stored >> unused : stored >>> unused) * slope + intercept
  }
  return values
}
