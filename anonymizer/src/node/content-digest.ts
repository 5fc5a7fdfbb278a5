/** Ties a decision to the bytes that were looked at; says nothing of them to anybody without the key. */
import { createHmac } from 'node:crypto'
import type { ByteSource } from '../dicom/index.ts'

const HASHED_AT_ONCE = 1024 * 1024
const DIGITS = 32

export function contentDigest(key: Uint8Array, file: Uint8Array | ByteSource): string {
  const mac = createHmac('sha256', key).update('content\0')
  if (file instanceof Uint8Array) mac.update(file)
  else {
    for (let at = 0; at < file.size; at += HASHED_AT_ONCE) {
      mac.update(file.read(at, Math.min(HASHED_AT_ONCE, file.size - at)))
    }
  }
  return mac.digest('hex').slice(0, DIGITS)
}
