/**
 * Archived instances in other transfer syntaxes: made when they are asked for, by a process with limits,
 * and kept in the area `derived` for a month, or until somebody empties it. Several askers wait for one making.
 */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { PandokError } from '@pandok/contract'
import { z } from 'zod'
import type { BlobArea, BlobStore } from '../platform/blobs/index.ts'
import type { Database, Queryable } from '../platform/database.ts'
import { FrameIndex } from '../platform/frame-index.ts'
import type { Pixels } from './pixels.ts'
import type { StoredInstance } from './store.ts'

/** One instance in one transfer syntax, and where its bytes are. */
export interface Form {
  readonly area: BlobArea
  readonly sha256: string
  readonly bytes: number
  readonly transferSyntaxUid: string
  readonly frames: FrameIndex
}

export interface Derived {
  /** NOT_ACCEPTABLE where it cannot be made. */
  readonly inSyntax: (instance: StoredInstance, transferSyntaxUid: string) => Promise<Form>
  /** One frame, without making the others. */
  readonly frame: (
    instance: StoredInstance,
    frame: number,
    transferSyntaxUid: string,
  ) => Promise<Buffer>
}

export function createDerived(deps: { db: Database; blobs: BlobStore; pixels: Pixels }): Derived {
  const { db, blobs, pixels } = deps
  const underWay = new Map<string, Promise<Form>>()

  return {
    inSyntax: (instance, transferSyntaxUid) => {
      if (transferSyntaxUid === instance.transferSyntaxUid) {
        return Promise.resolve({ area: 'archive', ...instance })
      }
      const key = `${instance.sha256} ${transferSyntaxUid}`
      const known = underWay.get(key)
      if (known !== undefined) return known
      const made = find(instance, transferSyntaxUid)
        .then((found) => found ?? make(instance, transferSyntaxUid))
        .finally(() => underWay.delete(key))
      underWay.set(key, made)
      return made
    },

    frame: async (instance, frame, transferSyntaxUid) => {
      const answer = await blobs.withLocalFile('archive', instance.sha256, (path) =>
        pixels.frame({ path, frame, transferSyntaxUid }),
      )
      if (answer.kind === 'refused') throw unable(answer.code)
      return Buffer.from(answer.bytes)
    },
  }

  /** Where the cache was emptied, the row alone is not enough. */
  async function find(instance: StoredInstance, form: string): Promise<Form | undefined> {
    const row = await derivedBlob(db, instance.sha256, form)
    if (row === undefined) return undefined
    if ((await blobs.size('derived', row.sha256)) !== row.bytes) return undefined
    return { area: 'derived', transferSyntaxUid: form, ...row }
  }

  async function make(instance: StoredInstance, transferSyntaxUid: string): Promise<Form> {
    return await blobs.withLocalFolder(async (folder) => {
      const output = join(folder, randomUUID())
      const answer = await blobs.withLocalFile('archive', instance.sha256, (path) =>
        pixels.transcode({ path, output, transferSyntaxUid }),
      )
      if (answer.kind === 'refused') throw unable(answer.code)
      const { frames } = answer
      const put = await blobs.put('derived', createReadStream(output))
      await keepDerivedBlob(db, instance.sha256, transferSyntaxUid, { ...put, frames })
      return { area: 'derived', transferSyntaxUid, frames, ...put }
    })
  }
}

/** Rows of the cache go with their blobs. */
export async function forgetDerived(db: Queryable, sha256s: readonly string[]): Promise<void> {
  await db.run('delete from derived_blob where sha256 = any($1)', [sha256s])
}

/** Rows that are as old as blobs never become, whose area somebody emptied. */
export async function forgetOldDerived(db: Queryable): Promise<void> {
  await db.run(`delete from derived_blob where created_at < now() - interval '31 days'`)
}

export function unable(code: string): PandokError {
  return new PandokError('NOT_ACCEPTABLE', `the pixels cannot be given in that form (${code})`)
}

const Row = z
  .object({ sha256: z.string(), byte_count: z.coerce.number(), frames: FrameIndex })
  .transform(({ sha256, byte_count, frames }) => ({ sha256, bytes: byte_count, frames }))

async function derivedBlob(db: Queryable, source: string, form: string) {
  return await db.maybeOne(
    Row,
    `select sha256, byte_count, coalesce(frames, '[]') as frames
       from derived_blob where source_sha256 = $1 and form = $2`,
    [source, form],
  )
}

async function keepDerivedBlob(
  db: Queryable,
  source: string,
  form: string,
  made: { sha256: string; bytes: number; frames: FrameIndex },
): Promise<void> {
  await db.run(
    `insert into derived_blob (source_sha256, form, sha256, byte_count, frames)
     values ($1, $2, $3, $4, $5)
     on conflict (source_sha256, form) do update set sha256 = excluded.sha256,
       byte_count = excluded.byte_count, frames = excluded.frames, created_at = now()`,
    [source, form, made.sha256, made.bytes, JSON.stringify(made.frames)],
  )
}
