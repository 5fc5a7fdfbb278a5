/**
 * What has to be done now and then, in any one worker: the chores of the features, each on its own, so that
 * one that fails keeps none of the others from being done; and a look at the areas of passage for rows that
 * wait for a blob that is not there. Such a row is a finding, for its upload will not get on.
 */
import { recordAudit } from '../platform/audit.ts'
import { BlobError, type BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import { codeOf } from '../platform/jobs/index.ts'
import type { Log } from '../platform/log.ts'
import type { BlobNeeds, Passage } from './orphans.ts'
import * as store from './store.ts'

const LEASE_SECONDS = 30 * 60
const REST_SECONDS = 60 * 60
const BATCH = 500
const AREAS = ['incoming', 'quarantine', 'staging'] as const satisfies Passage[]

/** May be cut off at any point and done again. */
export interface Chore {
  readonly name: string
  readonly run: (signal: AbortSignal) => Promise<void>
}

export function createTidy(deps: {
  db: Database
  blobs: BlobStore
  log: Log
  needs: BlobNeeds
  chores: readonly Chore[]
}) {
  const { db, blobs, log, needs } = deps

  async function isThere(area: Passage, sha256: string): Promise<boolean> {
    try {
      return (await blobs.size(area, sha256)) !== undefined
    } catch (error) {
      // That it is damaged is said to whoever reads it.
      if (error instanceof BlobError) return true
      throw error
    }
  }

  /** Needed at this moment, as somebody may just be done with it, and not there. */
  async function isMissing(area: Passage, sha256: string): Promise<boolean> {
    if (await isThere(area, sha256)) return false
    const needed = await db.transaction((tx) => needs.needed(tx, area, [sha256]))
    return needed.length > 0 && !(await isThere(area, sha256))
  }

  async function report(area: Passage, sha256: string): Promise<void> {
    await db.transaction(async (tx) => {
      if (!(await store.addFinding(tx, { area, sha256 }, 'missing'))) return
      await recordAudit(tx, {
        actorId: null,
        projectId: null,
        action: 'job:storage.tidy',
        objectKind: 'blob',
        objectId: sha256,
        details: { area, kind: 'missing' },
      })
      log.error({ code: 'BLOB_MISSING', area, sha256 }, 'storage finding')
    })
  }

  async function look(area: Passage, signal: AbortSignal): Promise<number> {
    for (const sha256 of await store.openMissing(db, area)) {
      if (await isMissing(area, sha256)) continue
      await db.transaction((tx) => store.resolve(tx, { area, sha256 }, ['missing']))
    }
    let seen = 0
    for (let after = ''; !signal.aborted; ) {
      const waiting = await needs.waiting(area, after, BATCH)
      for (const sha256 of waiting) {
        if (await isMissing(area, sha256)) await report(area, sha256)
      }
      seen += waiting.length
      if (waiting.length < BATCH) break
      after = waiting.at(-1) ?? ''
    }
    return seen
  }

  return {
    runDue: async (signal: AbortSignal): Promise<void> => {
      const duty = await store.takeDuty(db, 'tidy', LEASE_SECONDS)
      if (duty === undefined) return
      let blobsSeen = 0
      const looks = AREAS.map((area) => ({
        name: `look at ${area}`,
        run: async () => {
          blobsSeen += await look(area, signal)
        },
      }))
      for (const { name, run } of [...deps.chores, ...looks]) {
        if (signal.aborted) break
        await run(signal).catch((error: unknown) => {
          if (!signal.aborted) log.error({ chore: name, error: codeOf(error) }, 'chore failed')
        })
      }
      // Cut off, it is due again at once.
      const isEnd = !signal.aborted
      const done = { blobs: blobsSeen, bytes: 0, cursor: '' }
      await store.endPortion(db, 'tidy', { ...done, isEnd, seconds: isEnd ? REST_SECONDS : 0 })
    },
  }
}
