/**
 * Duties that come round in every worker: the scrub reads what is kept for good and compares it with
 * its name; the orphan sweep frees areas of blobs without a row; leftovers of killed processes, parts that
 * were abandoned and old history go (tidy.ts). A duty
 * is taken from a table under a lease, so that any number of workers share it and a pass survives them;
 * as rows of the queue they would fill its history with nothing.
 */
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import { codeOf } from '../platform/jobs/index.ts'
import type { Log } from '../platform/log.ts'
import { createHealth } from './health.ts'
import { type BlobNeeds, createOrphanSweep } from './orphans.ts'
import { createScrub } from './scrub.ts'
import { type Chore, createTidy } from './tidy.ts'

const LOOK_EVERY_MS = 60_000

export function createStorageService(deps: {
  db: Database
  blobs: BlobStore
  log: Log
  needs: BlobNeeds
  /** What the features want done now and then. */
  chores: readonly Chore[]
  /** How fast the scrub may read. */
  scrubBytesPerSecond: number
  /** Blobs between two looks at the clock. */
  portionBlobs?: number
}) {
  const { blobs, log } = deps
  const scrub = createScrub(deps)
  const orphans = createOrphanSweep(deps)
  const tidy = createTidy(deps)

  /** One portion of each duty that is due. */
  const runDue = async (signal: AbortSignal): Promise<void> => {
    await blobs.sweepLeftovers()
    await scrub.runDue(signal)
    await orphans.runDue(signal)
    await tidy.runDue(signal)
  }

  return {
    health: createHealth(deps.db),
    runDue,
    /** For a worker process: until `stop`. */
    startCare: (everyMs = LOOK_EVERY_MS) => {
      const stopping = new AbortController()
      const { signal } = stopping
      const care = async () => {
        while (!signal.aborted) {
          await runDue(signal).catch((error: unknown) => {
            if (!signal.aborted) log.error({ error: codeOf(error) }, 'care of storage failed')
          })
          await pause(everyMs, signal)
        }
      }
      const done = care()
      return {
        stop: async () => {
          stopping.abort()
          await done
        },
      }
    },
  }
}

export type StorageService = ReturnType<typeof createStorageService>

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
