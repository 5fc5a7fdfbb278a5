/** What a worker says when it could not do what it was asked: a code of a closed list, no value. */
import { DeidError, DicomError } from '../index.ts'
import type { Refusal } from './protocol.ts'

/** The browser could not read the file: it is gone, or access was taken away. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError'
  readonly code = 'UNREADABLE'
  constructor(cause: unknown) {
    super('the file cannot be read', { cause })
  }
}

export function refusalOf(error: unknown): Refusal {
  const isCoded =
    error instanceof DicomError || error instanceof DeidError || error instanceof UnreadableError
  return { kind: 'refused', code: isCoded ? error.code : 'DEID_INTERNAL' }
}
