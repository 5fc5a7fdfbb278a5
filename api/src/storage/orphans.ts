/**
 * Blobs without a row: removed from the areas of passage when they are old enough that nobody is about
 * to write the row; only reported where things are kept for good. What can be made again is kept for a
 * month. Rows that wait for a blob that is not there are reported by the scrub (archive, releases).
 */
import { recordAudit } from '../platform/audit.ts'
import type { BlobArea, BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Log } from '../platform/log.ts'
import * as store from './store.ts'

const HOUR_MS = 60 * 60_000
/** The longest that a blob waits for its row. */
const GRACE_MS = 6 * HOUR_MS
const DERIVED_IS_OLD_AFTER_MS = 30 * 24 * HOUR_MS
const AREAS = ['archive', 'derived', 'incoming', 'quarantine', 'release', 'staging'] as const
const PORTION = 5_000
const BATCH = 500
const LEASE_SECONDS = 10 * 60
const REST_SECONDS = 60 * 60

export type Passage = 'quarantine' | 'incoming' | 'staging'

/** What only the features know. */
export interface BlobNeeds {
  /** Those of the hashes that something waits for. */
  readonly needed: (
    tx: Transaction,
    area: Passage,
    sha256s: readonly string[],
  ) => Promise<readonly string[]>
  /** The next hashes that something waits for, in their order. */
  readonly waiting: (area: Passage, after: string, limit: number) => Promise<readonly string[]>
  /** Rows of `derived` that name these go. */
  readonly forgetDerived: (sha256s: readonly string[]) => Promise<void>
  /** Removes those that nothing waits for at the moment of removal; the number of them. */
  readonly removeUnneeded: (area: Passage, sha256s: readonly string[]) => Promise<number>
}

export function createOrphanSweep(deps: {
  db: Database
  blobs: BlobStore
  log: Log
  needs: BlobNeeds
}) {
  const { db, blobs, log, needs } = deps

  async function olderThan(area: BlobArea, names: readonly string[], ageMs: number) {
    const now = await store.databaseTime(db)
    const old: string[] = []
    for (const name of names) {
      const at = await blobs.storedAt(area, name)
      if (at !== undefined && now.getTime() - at.getTime() > ageMs) old.push(name)
    }
    return old
  }

  async function report(area: 'archive' | 'release', orphans: readonly string[]): Promise<void> {
    for (const sha256 of orphans) {
      await db.transaction(async (tx) => {
        if (!(await store.addFinding(tx, { area, sha256 }, 'orphan'))) return
        await audit(tx, area, { objectId: sha256, details: { area, kind: 'orphan' } })
        log.warn({ code: 'BLOB_ORPHAN', area, sha256 }, 'storage finding')
      })
    }
  }

  /** A batch of one area. */
  async function look(area: (typeof AREAS)[number], names: readonly string[]): Promise<void> {
    if (area === 'derived') {
      const old = await olderThan(area, names, DERIVED_IS_OLD_AFTER_MS)
      // Rows first: whoever asks meanwhile makes it again.
      await needs.forgetDerived(old)
      for (const name of old) await blobs.remove(area, name)
      return
    }
    const isKept = area === 'archive' || area === 'release'
    const needed = new Set(
      isKept
        ? await store.keptAmong(db, area, names)
        : await db.transaction((tx) => needs.needed(tx, area, names)),
    )
    if (isKept) await store.resolveOrphans(db, area, [...needed])
    const unneeded = names.filter((name) => !needed.has(name))
    const orphans = await olderThan(area, unneeded, GRACE_MS)
    if (isKept) {
      await report(area, orphans)
      return
    }
    const removed = await needs.removeUnneeded(area, orphans)
    if (removed === 0) return
    await db.transaction((tx) => audit(tx, area, { objectId: area, details: { area, removed } }))
    log.info({ area, removed }, 'orphans removed')
  }

  return {
    runDue: async (signal: AbortSignal): Promise<void> => {
      const duty = await store.takeDuty(db, 'orphans', LEASE_SECONDS)
      if (duty === undefined) return
      const from = store.parseCursor(duty.cursor)
      const done = { blobs: 0, bytes: 0, cursor: duty.cursor }
      for (const area of AREAS) {
        if (from !== undefined && area < from.area) continue
        const after = area === from?.area ? from.sha256 : ''
        for await (const portion of blobs.list(area, after)) {
          for (let at = 0; at < portion.length; at += BATCH) {
            const names = portion.slice(at, at + BATCH)
            await look(area, names)
            done.blobs += names.length
            done.cursor = store.cursorOf({ area, sha256: names.at(-1) ?? '' })
            if (signal.aborted || done.blobs >= PORTION) {
              await store.endPortion(db, 'orphans', { ...done, isEnd: false, seconds: 0 })
              return
            }
          }
        }
      }
      await store.endPortion(db, 'orphans', { ...done, isEnd: true, seconds: REST_SECONDS })
    },
  }
}

async function audit(
  tx: Transaction,
  area: string,
  entry: { objectId: string; details: Readonly<Record<string, unknown>> },
): Promise<void> {
  await recordAudit(tx, {
    actorId: null,
    projectId: null,
    action: 'job:storage.orphans',
    objectKind: entry.objectId === area ? 'blob-area' : 'blob',
    ...entry,
  })
}
