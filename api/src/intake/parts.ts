/**
 * Files that come in parts, so that a torn connection costs one part: what tus 1.0 does, with the
 * length declared at the beginning and the hash, which is the file's address, judged at the end. Each
 * part is a durable blob named in a table; no process remembers anything, so any may take the next.
 * Parts become one file when the last is there, or nothing when the hash is another.
 */
import { MAX_PART_BYTES, MIN_PART_BYTES, PandokError, type UploadFileState } from '@pandok/contract'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import type { Receiver } from './receive.ts'
import * as store from './receive-store.ts'
import { removeUnneededBlobs } from './shared-blobs.ts'
import { lockBlobs } from './store.ts'
import { forgetFile } from './unfinished.ts'

interface Part {
  readonly offset: number
  /** Of the whole file. */
  readonly length: number
  readonly declaredBytes: number | undefined
}

export interface Parts {
  readonly stateOf: (uploadId: string, sha256: string) => Promise<UploadFileState>
  readonly statesOf: (uploadId: string, sha256s: readonly string[]) => Promise<UploadFileState[]>
  readonly receivePart: (
    actor: Actor,
    uploadId: string,
    sha256: string,
    part: Part,
    body: AsyncIterable<Uint8Array>,
  ) => Promise<UploadFileState>
}

export function createParts(deps: {
  db: Database
  blobs: BlobStore
  receiver: Receiver
  maxFileBytes: number
}): Parts {
  const { db, blobs, receiver, maxFileBytes } = deps

  const stateOf = async (uploadId: string, sha256: string): Promise<UploadFileState> => {
    const [state] = await store.statesOf(db, uploadId, [sha256])
    return state ?? { sha256, isReceived: false, offset: 0, length: null }
  }

  const forget = (uploadId: string, sha256: string) => forgetFile(db, blobs, uploadId, sha256)

  /** The durable offset after it. */
  const add = async (
    uploadId: string,
    sha256: string,
    part: Part,
    body: AsyncIterable<Uint8Array>,
  ) => {
    const rest = part.length - part.offset
    const { bytes, sha256: partSha256 } = await blobs.put('incoming', body, {
      maxBytes: Math.min(rest, MAX_PART_BYTES),
      declaredBytes: part.declaredBytes,
    })
    try {
      if (bytes < rest && bytes < MIN_PART_BYTES) {
        throw new PandokError('INPUT_INVALID', `a part has at least ${MIN_PART_BYTES} bytes`)
      }
      await db.transaction(async (tx) => {
        await receiver.holdOpen(tx, uploadId)
        await lockBlobs(tx, [partSha256])
        if ((await blobs.size('incoming', partSha256)) === undefined) {
          throw new PandokError('CONFLICT', 'another upload let go of this part; send it again')
        }
        const { offset } = part
        const stored = { offset, bytes, sha256: partSha256 }
        if (!(await store.insertPart(tx, uploadId, sha256, stored))) throw offsetWrong()
      })
      return part.offset + bytes
    } catch (error) {
      await removeUnneededBlobs(db, blobs, 'incoming', [partSha256]).catch(() => undefined)
      throw error
    }
  }

  /** Makes one file of all parts. Two who do it at once do the same. */
  const join = async (
    actor: Actor,
    uploadId: string,
    sha256: string,
    length: number,
  ): Promise<UploadFileState> => {
    const parts = await store.partsOf(db, uploadId, sha256)
    try {
      await receiver.receive(actor, uploadId, sha256, {
        bytes: bytesOf(blobs, parts),
        declaredBytes: length,
      })
    } catch (error) {
      const isOurs = error instanceof PandokError
      if (isOurs && error.code !== 'HASH_MISMATCH') throw error
      const now = await stateOf(uploadId, sha256)
      // The other was first, and the parts are gone.
      if (now.isReceived) return now
      if (isOurs) await forget(uploadId, sha256)
      throw error
    }
    await forget(uploadId, sha256)
    return await stateOf(uploadId, sha256)
  }

  return {
    stateOf,
    statesOf: (uploadId, sha256s) => store.statesOf(db, uploadId, sha256s),
    receivePart: async (actor, uploadId, sha256, part, body) => {
      const { offset, length, declaredBytes = 0 } = part
      if (length > maxFileBytes || declaredBytes > MAX_PART_BYTES) {
        throw new PandokError('TOO_LARGE')
      }
      const known = await stateOf(uploadId, sha256)
      if (known.isReceived) return known
      const begun = await db.transaction(async (tx) => {
        await receiver.holdOpen(tx, uploadId)
        return await store.beginFile(tx, uploadId, { sha256, length })
      })
      if (begun?.offset !== offset || begun.length !== length) throw offsetWrong()
      // An empty last part asks for what a crash left undone: all parts are there, the file is not.
      const durable = offset < length ? await add(uploadId, sha256, part, body) : offset
      if (durable < length) return { sha256, isReceived: false, offset: durable, length }
      return await join(actor, uploadId, sha256, length)
    },
  }
}

async function* bytesOf(blobs: BlobStore, parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield* blobs.stream('incoming', part) as AsyncIterable<Uint8Array>
}

const offsetWrong = () => new PandokError('UPLOAD_OFFSET_WRONG')
