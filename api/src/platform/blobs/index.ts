/** The blob store as a setting describes it. */
import { join } from 'node:path'
import type { Config } from '../env.ts'
import { openFileAdapter } from './file-adapter.ts'
import { createLocalCopies } from './local-copies.ts'
import type { BlobStore } from './port.ts'
import { createKeyRing } from './seal.ts'
import { createBlobStore } from './store.ts'

export { BlobError } from './blob-error.ts'
export type { BlobArea, BlobStore, ByteRange } from './port.ts'

export function openBlobs(options: {
  location: Config['blobs']
  installationKey: Uint8Array
  minFreeBytes: number
  clock: () => Date
}): BlobStore {
  const { clock, minFreeBytes } = options
  const { directory } = options.location
  return createBlobStore({
    adapter: openFileAdapter(directory, { minFreeBytes, clock }),
    keys: createKeyRing(options.installationKey),
    localCopies: createLocalCopies(join(directory, 'local-copies'), clock),
  })
}
