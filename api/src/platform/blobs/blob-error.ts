/**
 * Why bytes cannot be given back. What is full or does not answer is a PandokError (STORAGE_FULL,
 * STORAGE_UNAVAILABLE): the client may try again; these are findings about what is stored.
 */
import { PandokError } from '@pandok/contract'

type BlobErrorCode =
  /** There is no such blob in the area. */
  | 'BLOB_MISSING'
  /** The bytes are not those that were stored: changed, cut, in another order or of another blob. */
  | 'BLOB_DAMAGED'
  /** It lies in an encrypted area as plain bytes: of an installation from before there was encryption. */
  | 'BLOB_NOT_ENCRYPTED'
  /** Encrypted with an installation key that is not configured here. */
  | 'BLOB_KEY_UNKNOWN'

export class BlobError extends Error {
  override readonly name = 'BlobError'
  readonly code: BlobErrorCode
  constructor(code: BlobErrorCode, detail: string, options: { cause?: unknown } = {}) {
    super(`${code}: ${detail}`, options)
    this.code = code
  }
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const FAILED = new Set(['EIO', 'EROFS', 'ENXIO', 'ESTALE', 'EMFILE', 'ENFILE'])

/** What the file system said, as a code of ours; anything else as it is. */
export function toStorageError(error: unknown): unknown {
  const code = errnoOf(error)
  if (code === undefined) return error
  if (FULL.has(code)) return new PandokError('STORAGE_FULL', undefined, { cause: error })
  if (FAILED.has(code)) return new PandokError('STORAGE_UNAVAILABLE', undefined, { cause: error })
  return error
}

/** The same where the file had to be there. */
export function toReadError(error: unknown): unknown {
  return errnoOf(error) === 'ENOENT'
    ? new BlobError('BLOB_MISSING', 'no such blob', { cause: error })
    : toStorageError(error)
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
