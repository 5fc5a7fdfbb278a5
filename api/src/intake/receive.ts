/**
 * Takes the bytes of one file into quarantine: durable and hashed before a row speaks of them, and a
 * row before anybody is told. Files of one upload do not wait for each other; only closing it waits
 * for those under way.
 */
import { MAX_PART_BYTES, PandokError } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database, Transaction } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import * as store from './receive-store.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'
import { lockBlobs } from './store.ts'

/** A request that does not say how long it is ends here. */
const MAX_UNDECLARED_BYTES = MAX_PART_BYTES

interface StoredFile {
  readonly sha256: string
  readonly bytes: number
}

export interface Receiver {
  /** The bytes are durable and hashed when this resolves; sending them again changes nothing. */
  readonly receive: (
    actor: Actor,
    uploadId: string,
    sha256: string,
    /** `declaredBytes`: as the request said, where it did. */
    body: {
      readonly bytes: AsyncIterable<Uint8Array>
      readonly declaredBytes?: number | undefined
    },
  ) => Promise<StoredFile>
  /** Within a transaction: it stays open until that ends. */
  readonly holdOpen: (tx: Transaction, uploadId: string) => Promise<{ projectId: string }>
}

export function createReceiver(deps: {
  db: Database
  blobs: BlobStore
  maxFileBytes: number
}): Receiver {
  const { db, blobs, maxFileBytes } = deps

  const holdOpen = async (tx: Transaction, uploadId: string) => {
    const { status, projectId } = await store.holdUpload(tx, uploadId)
    if (status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
    return { projectId }
  }

  const enter = async (tx: Transaction, actor: Actor, uploadId: string, file: StoredFile) => {
    const { projectId } = await holdOpen(tx, uploadId)
    if (file.bytes === 0) throw new PandokError('INPUT_INVALID', 'the file is empty')
    await lockBlobs(tx, [file.sha256])
    if ((await blobs.size('quarantine', file.sha256)) === undefined) {
      throw new PandokError('CONFLICT', 'another upload let go of this file; send it again')
    }
    const isNew = await store.insertFile(tx, uploadId, file)
    if (!isNew) return
    await recordAudit(tx, {
      actorId: actor.id,
      projectId,
      action: 'putUploadFile',
      objectKind: 'upload',
      objectId: uploadId,
      details: { ...file },
    })
  }

  return {
    holdOpen,
    receive: async (actor, uploadId, sha256, { bytes, declaredBytes }) => {
      if (declaredBytes !== undefined && declaredBytes > maxFileBytes) {
        throw new PandokError('TOO_LARGE')
      }
      // Asked before the body is read, so that a closed upload costs no bytes.
      const status = await store.statusOf(db, uploadId)
      if (status !== 'receiving') throw new PandokError('UPLOAD_CLOSED')
      const file = await blobs.put('quarantine', bytes, {
        expectedSha256: sha256,
        maxBytes: declaredBytes ?? Math.min(MAX_UNDECLARED_BYTES, maxFileBytes),
        declaredBytes,
      })
      try {
        await db.transaction((tx) => enter(tx, actor, uploadId, file))
        return file
      } catch (error) {
        // What no row speaks of would stay for ever; the client must see the first error all the same.
        await removeUnneededBlobs(db, blobs, 'quarantine', [sha256]).catch(() => undefined)
        throw error
      }
    },
  }
}
