/** QIDO-RS and WADO-RS over the archive (PS3.18 chapter 10): its parts, put together. */
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import type { KnownAccess } from '../platform/http/known-access.ts'
import { createDerived } from './derived.ts'
import { createFrames } from './frames.ts'
import { createInstanceIndex } from './instance-index.ts'
import { createLeanHandler } from './lean.ts'
import { createMetadata } from './metadata.ts'
import type { Pixels } from './pixels.ts'
import { createRendered } from './rendered.ts'
import { createRetrieve } from './retrieve.ts'
import { createSearch } from './search.ts'
import { projectOfStudy } from './store.ts'

export interface DicomwebOptions {
  readonly db: Database
  readonly blobs: BlobStore
  readonly pixels: Pixels
  /** Where clients see this server, such as https://pandok.example.org; undefined: not told. */
  readonly publicUrl: string | undefined
  /** What the addresses begin with under which a web server in front sends blobs by itself. */
  readonly accelLocation: string | undefined
}

export function createDicomwebService(options: DicomwebOptions) {
  const { db, blobs, pixels, publicUrl, accelLocation } = options
  const index = createInstanceIndex(db)
  const derived = createDerived({ db, blobs, pixels })
  return {
    publicUrl,
    leanHandler: (access: KnownAccess) =>
      createLeanHandler({ index, blobs, access, publicUrl, accelLocation }),
    projectOfStudy: (study: string, personId: string) => projectOfStudy(db, study, personId),
    search: createSearch(db),
    // Without a known address, one from the root of whatever server the client asked.
    metadata: createMetadata({ db, base: `${publicUrl ?? ''}/dicomweb` }),
    retrieve: createRetrieve({
      db,
      blobs,
      index,
      derived,
      accelerate: ({ area, sha256 }) => {
        if (accelLocation === undefined || blobs.localPath(area, sha256) === undefined)
          return undefined
        const address = `${accelLocation}/${area}/${sha256.slice(0, 2)}/${sha256}`
        return { 'x-accel-redirect': address }
      },
    }),
    frames: createFrames({ blobs, index, derived, pixels }),
    rendered: createRendered({ db, blobs, index, pixels }),
  }
}

export type DicomwebService = ReturnType<typeof createDicomwebService>
