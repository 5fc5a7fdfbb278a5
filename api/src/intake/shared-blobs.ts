/**
 * Blobs are named by their hash, so two uploads with one file share its blob. It goes when the last
 * of them needs it no more. Adding and removing take the same lock of the hash: a blob cannot go
 * while somebody begins to need it.
 */
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import * as store from './store.ts'

const BATCH = 500

/** Removes the blobs that no upload waits for in `area`; the others stay. The number of those removed. */
export async function removeUnneededBlobs(
  db: Database,
  blobs: BlobStore,
  area: 'incoming' | 'quarantine' | 'staging',
  sha256s: readonly string[],
): Promise<number> {
  let removed = 0
  for (let at = 0; at < sha256s.length; at += BATCH) {
    const batch = sha256s.slice(at, at + BATCH)
    await db.transaction(async (tx) => {
      await store.lockBlobs(tx, batch)
      const needed = new Set(await store.neededBlobs(tx, area, batch))
      for (const sha256 of batch) {
        if (needed.has(sha256)) continue
        await blobs.remove(area, sha256)
        removed += 1
      }
    })
  }
  return removed
}
