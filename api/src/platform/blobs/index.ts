/** The blob store as a setting describes it. */
import type { BlobLocation } from '../blob-location.ts'
import { openFileAdapter } from './file-adapter.ts'
import { createLocalCopies } from './local-copies.ts'
import type { BlobStore } from './port.ts'
import { openS3Adapter } from './s3-adapter.ts'
import { createKeyRing } from './seal.ts'
import { createBlobStore } from './store.ts'

export { BlobError } from './blob-error.ts'
export type { BlobArea, BlobStore } from './port.ts'

export function openBlobs(options: {
  location: BlobLocation
  /** Where a child's plain files lie for a moment. */
  localCopiesDirectory: string
  installationKey: Uint8Array
  /** Read with, not written with any more. */
  formerInstallationKeys: readonly Uint8Array[]
  minFreeBytes: number
  clock: () => Date
}): BlobStore {
  const { location, clock, minFreeBytes } = options
  return createBlobStore({
    adapter:
      location.kind === 'file'
        ? openFileAdapter(location.directory, { minFreeBytes, clock })
        : openS3Adapter(location, clock),
    keys: createKeyRing(options.installationKey, options.formerInstallationKeys),
    localCopies: createLocalCopies(options.localCopiesDirectory, clock),
  })
}
