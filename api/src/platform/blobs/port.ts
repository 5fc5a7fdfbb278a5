/**
 * Where bytes live. Blobs are content-addressed by the SHA-256 of their plain bytes, immutable, and
 * visible only when whole and durable: what `put` and `share` resolve for survives a crash.
 *
 * Terminology. An area is a place with one purpose:
 *   quarantine  received and unchecked, may identify a person: encrypted at rest
 *   incoming    parts of uploads under way, may identify a person: encrypted at rest
 *   staging     de-identified, not yet approved
 *   archive     approved, for good
 *   derived     a cache of what can be made again: may be emptied at any time
 *   release     built data sets
 * An adapter (file-adapter.ts, s3-adapter.ts) keeps named objects and knows nothing of their content;
 * the store (store.ts) hashes, encrypts (seal.ts) and makes local copies (local-copies.ts).
 */
import type { Readable } from 'node:stream'

export const BLOB_AREAS = [
  'quarantine',
  'incoming',
  'staging',
  'archive',
  'derived',
  'release',
] as const
export type BlobArea = (typeof BLOB_AREAS)[number]

/** Bytes [offset, offset + length). */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

interface StoredBlob {
  /** Of the plain bytes, in hexadecimal. */
  readonly sha256: string
  /** Plain bytes. */
  readonly bytes: number
}

export interface PutOptions {
  /** Other bytes are refused (HASH_MISMATCH). Large bodies are stored with less work when it is known. */
  readonly expectedSha256?: string | undefined
  /** More is refused (TOO_LARGE). */
  readonly maxBytes?: number | undefined
  /** What the sender says; asked of `admit` before the first byte is taken. */
  readonly declaredBytes?: number | undefined
}

export interface BlobStore {
  /** Refuses (STORAGE_FULL) what there is no room for; ask before a body is taken. */
  readonly admit: (declaredBytes: number) => Promise<void>
  /** Stores what the source gives. Whatever fails leaves nothing behind. */
  readonly put: (
    area: BlobArea,
    source: AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ) => Promise<StoredBlob>
  /** Makes the blob visible in another area too; decrypts or encrypts where the areas differ in that. */
  readonly share: (sha256: string, from: BlobArea, to: BlobArea) => Promise<void>
  /** Errors (BLOB_MISSING, BLOB_DAMAGED) come through the stream. */
  readonly stream: (area: BlobArea, sha256: string, range?: ByteRange) => Readable
  /** A range outside the blob is BLOB_DAMAGED: the index says otherwise than the bytes. */
  readonly read: (area: BlobArea, sha256: string, range?: ByteRange) => Promise<Buffer>
  /** Plain bytes; undefined where there is no such blob. */
  readonly size: (area: BlobArea, sha256: string) => Promise<number | undefined>
  readonly remove: (area: BlobArea, sha256: string) => Promise<void>
  /**
   * A file with the plain bytes, for a child process that must open one; valid until `use` settles.
   * Where the area is encrypted or remote it is a private copy, gone afterwards.
   */
  readonly withLocalFile: <T>(
    area: BlobArea,
    sha256: string,
    use: (path: string) => Promise<T>,
  ) => Promise<T>
  /**
   * A private folder for what a child process writes, beside the plain copies; gone afterwards, or with
   * the next sweep when this process dies.
   */
  readonly withLocalFolder: <T>(use: (folder: string) => Promise<T>) => Promise<T>
  /** Where the bytes lie, if plain and on a disk of this machine; says nothing about being there. */
  readonly localPath: (area: BlobArea, sha256: string) => string | undefined
  /** Names in an area in ascending order, after `after`, in portions. */
  readonly list: (area: BlobArea, after?: string) => AsyncIterable<readonly string[]>
  /** When the blob came into the area last; undefined where there is none. */
  readonly storedAt: (area: BlobArea, sha256: string) => Promise<Date | undefined>
  /** Removes what processes that died left half written, here and among local copies. */
  readonly sweepLeftovers: () => Promise<{ removed: number }>
}

/** Named objects in areas: all that a kind of storage must be able to do. */
export interface ObjectAdapter {
  readonly admit: (declaredBytes: number) => Promise<void>
  /**
   * Stores the pieces under the name that `finish` gives after the last of them; `finish` throws when
   * they must not be stored. Visible whole and durable, or not at all; replaces what has the name.
   */
  readonly write: (
    area: BlobArea,
    pieces: AsyncIterable<Uint8Array>,
    name: { readonly known: string | undefined; readonly finish: () => string },
  ) => Promise<void>
  /** The same bytes in another area too, durable. BLOB_MISSING where there are none. */
  readonly copy: (name: string, from: BlobArea, to: BlobArea) => Promise<void>
  readonly read: (area: BlobArea, name: string, range?: ByteRange) => Promise<Buffer>
  readonly pieces: (area: BlobArea, name: string, range?: ByteRange) => AsyncIterable<Buffer>
  /** Several reads of one version of an object. */
  readonly open: (area: BlobArea, name: string) => Promise<OpenObject>
  readonly size: (area: BlobArea, name: string) => Promise<number | undefined>
  readonly storedAt: (area: BlobArea, name: string) => Promise<Date | undefined>
  readonly remove: (area: BlobArea, name: string) => Promise<void>
  readonly list: (area: BlobArea, after: string) => AsyncIterable<readonly string[]>
  readonly localPath: (area: BlobArea, name: string) => string | undefined
  readonly sweepLeftovers: () => Promise<number>
}

export interface OpenObject {
  readonly size: number
  readonly read: (range: ByteRange) => Promise<Buffer>
  readonly close: () => Promise<void>
}
