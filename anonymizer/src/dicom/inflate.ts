/**
 * The data set of Deflated Explicit VR Little Endian (PS3.5 A.5), within budgets: a bomb ends when
 * it has grown too much, not when the memory is full.
 */
import { Inflate } from 'fflate/browser'
import { DicomError } from './errors.ts'

/** They are in memory twice while they are joined, and a bomb must end within two seconds. */
const MAX_BYTES = 128 * 1024 * 1024
const MAX_RATIO = 200
/** So much may come of nothing: blank frames before others. A bomb ends soon after it. */
const HEAD_START = 32 * 1024 * 1024
/** Of the deflated bytes at once: deflate makes at most 1,032 bytes of one. */
const STEP_BYTES = 16_384

/** Raw deflate (RFC 1951). DICOM_TOO_LARGE beyond the budgets, DICOM_TRUNCATED for damage. */
export function inflate(deflated: Uint8Array): Uint8Array {
  if (deflated.length === 0) throw damaged()
  const budget = Math.min(MAX_BYTES, deflated.length * MAX_RATIO)
  const parts: Uint8Array[] = []
  let total = 0
  const stream = new Inflate((part) => {
    total += part.length
    if (total <= budget) parts.push(part)
  })
  for (let at = 0; at < deflated.length; at += STEP_BYTES) {
    const end = Math.min(at + STEP_BYTES, deflated.length)
    try {
      stream.push(deflated.subarray(at, end), end === deflated.length)
    } catch {
      throw damaged()
    }
    if (total > Math.min(budget, end * MAX_RATIO + HEAD_START)) {
      throw new DicomError('DICOM_TOO_LARGE', 'the data set grows more than allowed')
    }
  }
  const bytes = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function damaged(): DicomError {
  return new DicomError('DICOM_TRUNCATED', 'the deflated data set is damaged or torn')
}
