/**
 * Removes what nobody goes on with: parts of files that were abandoned or whose upload is closed, which a
 * chore looks for hourly too, and, as a job, the files of an upload that a person gave up. May run again
 * after a crash at any point.
 */
import { z } from 'zod'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import { AS_IT_IS, defineJob, type Job } from '../platform/jobs/index.ts'
import * as store from './receive-store.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'

export const REMOVE_UNFINISHED = 'intake.remove-unfinished'

/** Somebody may come back after a weekend. Whole files of an open upload stay until a person decides. */
const ABANDONED_AFTER_HOURS = 7 * 24

const Payload = z.object({ uploadId: z.string().optional() })

export function removeUnfinishedJob({ db, blobs }: { db: Database; blobs: BlobStore }): Job {
  return defineJob({
    name: REMOVE_UNFINISHED,
    payload: Payload,
    handle: async ({ uploadId }, signal) => {
      await removeAbandonedParts(db, blobs, signal)
      if (uploadId === undefined) return
      if ((await store.statusOf(db, uploadId)) !== 'discarded') return
      await removeUnneededBlobs(db, blobs, 'quarantine', await store.filesOf(db, uploadId))
    },
    // What stays takes room and is named by nobody; the chore and the orphan sweep try again.
    giveUp: () => Promise.resolve(),
    retry: AS_IT_IS,
  })
}

export async function removeAbandonedParts(
  db: Database,
  blobs: BlobStore,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const files = await store.abandonedFiles(db, ABANDONED_AFTER_HOURS)
    if (files.length === 0) return
    for (const file of files) {
      signal.throwIfAborted()
      await forgetFile(db, blobs, file.uploadId, file.sha256)
    }
  }
}

/** Removes what came of a file so far. */
export async function forgetFile(
  db: Database,
  blobs: BlobStore,
  uploadId: string,
  sha256: string,
): Promise<void> {
  const parts = await db.transaction((tx) => store.dropUnfinished(tx, uploadId, sha256))
  await removeUnneededBlobs(db, blobs, 'incoming', parts)
}
