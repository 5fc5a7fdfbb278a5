/** What an S3 store or the way to it said, as a code of ours. Messages of the store stay behind. */
import { S3ServiceException } from '@aws-sdk/client-s3'
import { PandokError } from '@pandok/contract'
import { BlobError, errnoOf } from './blob-error.ts'

const MISSING = new Set(['NoSuchKey', 'NotFound'])
/** Of stores with quotas: Ceph, MinIO, Swift. */
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientCapacity'])
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

export function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && MISSING.has(error.name)
}

export async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toS3Error(error)
  }
}

function toS3Error(error: unknown): unknown {
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode
    if (isMissing(error)) return new BlobError('BLOB_MISSING', 'no such blob', { cause: error })
    // 416: the range lies outside; 412: replaced between two reads of one version.
    if (status === 416) {
      return new BlobError('BLOB_DAMAGED', 'shorter than its index says', { cause: error })
    }
    if (status === 507 || FULL.has(error.name)) {
      return new PandokError('STORAGE_FULL', undefined, { cause: error })
    }
    return new PandokError('STORAGE_UNAVAILABLE', undefined, { cause: error })
  }
  const isUnreachable =
    UNREACHABLE.has(errnoOf(error) ?? '') ||
    (error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name))
  if (isUnreachable) return new PandokError('STORAGE_UNAVAILABLE', undefined, { cause: error })
  return error
}
