/**
 * Reads every blob of the archive and of releases in turn, and compares its bytes with its name. What is
 * missing or damaged becomes a finding, with audit and a line in the log; nothing is removed or mended.
 * As slow as it is allowed to be: after a portion it waits for as long as the portion should have taken.
 */
import { createHash } from 'node:crypto'
import { recordAudit } from '../platform/audit.ts'
import { BlobError, type BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import type { Log } from '../platform/log.ts'
import * as store from './store.ts'

const PORTION_BLOBS = 1_000
const PORTION_BYTES = 512 * 1024 * 1024
const LEASE_SECONDS = 10 * 60
/** Between the end of a pass and the next. */
const REST_SECONDS = 24 * 60 * 60

type Verdict = { kind: 'whole'; bytes: number } | { kind: 'missing' | 'damaged' }

export function createScrub(deps: {
  db: Database
  blobs: BlobStore
  log: Log
  scrubBytesPerSecond: number
  portionBlobs?: number
}) {
  const { db, blobs, log, scrubBytesPerSecond, portionBlobs = PORTION_BLOBS } = deps

  async function verdictOn({ area, sha256 }: store.KeptBlob): Promise<Verdict> {
    const hash = createHash('sha256')
    let bytes = 0
    try {
      for await (const piece of blobs.stream(area, sha256) as AsyncIterable<Buffer>) {
        bytes += piece.length
        hash.update(piece)
      }
    } catch (error) {
      // A store that does not answer says nothing about the blob: the portion is done again later.
      if (!(error instanceof BlobError)) throw error
      return { kind: error.code === 'BLOB_MISSING' ? 'missing' : 'damaged' }
    }
    return hash.digest('hex') === sha256 ? { kind: 'whole', bytes } : { kind: 'damaged' }
  }

  async function record(blob: store.KeptBlob, verdict: Verdict): Promise<void> {
    const { area, sha256 } = blob
    await db.transaction(async (tx) => {
      if (verdict.kind === 'whole') {
        await store.setVerified(tx, blob)
        await store.resolve(tx, blob, ['missing', 'damaged'])
        return
      }
      if (!(await store.addFinding(tx, blob, verdict.kind))) return
      await recordAudit(tx, {
        actorId: null,
        projectId: null,
        action: 'job:storage.scrub',
        objectKind: 'blob',
        objectId: sha256,
        details: { area, kind: verdict.kind },
      })
      log.error({ code: `BLOB_${verdict.kind.toUpperCase()}`, area, sha256 }, 'storage finding')
    })
  }

  return {
    runDue: async (signal: AbortSignal): Promise<void> => {
      const duty = await store.takeDuty(db, 'scrub', LEASE_SECONDS)
      if (duty === undefined) return
      const portion = await store.keptBlobs(db, duty.cursor, portionBlobs)
      const done = { blobs: 0, bytes: 0, cursor: duty.cursor }
      for (const blob of portion) {
        if (signal.aborted || done.bytes >= PORTION_BYTES) break
        const verdict = await verdictOn(blob)
        await record(blob, verdict)
        done.blobs += 1
        done.bytes += verdict.kind === 'whole' ? verdict.bytes : 0
        done.cursor = store.cursorOf(blob)
      }
      const isEnd =
        !signal.aborted && portion.length < portionBlobs && done.blobs === portion.length
      const seconds = isEnd ? REST_SECONDS : Math.ceil(done.bytes / scrubBytesPerSecond)
      await store.endPortion(db, 'scrub', { ...done, isEnd, seconds: signal.aborted ? 0 : seconds })
    },
  }
}
