/**
 * Objects in a bucket of any S3-compatible store: PREFIX/AREA/NAME. A PutObject, a CompleteMultipartUpload
 * and a CopyObject become visible whole or not at all, so what is left to do is to know the name before:
 *   up to one part           is held in memory and put under the name that its hash gives
 *   longer, hash expected    is a multipart upload to that name, completed only if the hash is right
 *   longer, hash not known   is a multipart upload to a name of its own, then copied within the store
 * A failed upload is aborted. Every body sent is a buffer, so its hash is part of the signature and the
 * store refuses bytes that changed on the way.
 */
import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { BlobLocation } from '../blob-location.ts'
import { BlobError } from './blob-error.ts'
import { BLOB_AREAS, type BlobArea, type ByteRange, type ObjectAdapter } from './port.ts'
import { coded, isMissing } from './s3-errors.ts'
import { cutInParts } from './s3-parts.ts'
import { watchStore } from './s3-watch.ts'

type S3Location = Extract<BlobLocation, { kind: 's3' }>

/** Whole uploads under names of their own; the dot keeps them apart from hashes. */
const PARTS = '.parts'
/** What was begun earlier belongs to a process that died: no upload takes so long. */
const PART_IS_DEAD_AFTER_MS = 24 * 60 * 60_000
/** CopyObject takes no more; beyond, the store copies range by range. */
const COPY_AT_ONCE = 4 * 1024 ** 3
const COPY_PART = 1024 ** 3

export function openS3Adapter(location: S3Location, clock: () => Date): ObjectAdapter {
  const s3 = new S3Client({
    endpoint: location.endpoint,
    region: location.region,
    credentials: location.credentials,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 3_000,
      // Until the answer begins; without the second it would only be a line in the log.
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      // Without a byte in either direction.
      socketTimeout: 10_000,
      httpAgent: { maxSockets: 64 },
      httpsAgent: { maxSockets: 64 },
    },
  })
  watchStore(s3, location.endpoint)
  const { bucket: Bucket, prefix } = location
  const folderOf = (area: BlobArea) => `${prefix}${area}/`
  const keyOf = (area: BlobArea, name: string) => `${folderOf(area)}${name}`

  /** The parts are put one by one: one of them is in memory. */
  async function putInParts(
    Key: string,
    first: Buffer,
    rest: AsyncIterable<Buffer>,
    mayComplete: () => void,
  ): Promise<void> {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    try {
      const parts: CompletedPart[] = []
      const put = async (Body: Buffer) => {
        const PartNumber = parts.length + 1
        const request = { Bucket, Key, UploadId, PartNumber, Body, ContentLength: Body.length }
        const { ETag } = await s3.send(new UploadPartCommand(request))
        parts.push({ PartNumber, ETag })
      }
      await put(first)
      for await (const part of rest) await put(part)
      mayComplete()
      const MultipartUpload = { Parts: parts }
      await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }))
    } catch (error) {
      const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId })
      await s3.send(abort).catch(() => undefined)
      throw error
    }
  }

  async function copyKey(from: string, to: string): Promise<void> {
    const CopySource = `${Bucket}/${from.split('/').map(encodeURIComponent).join('/')}`
    const { ContentLength: size = 0, ETag } = await s3.send(
      new HeadObjectCommand({ Bucket, Key: from }),
    )
    if (size <= COPY_AT_ONCE) {
      await s3.send(new CopyObjectCommand({ Bucket, Key: to, CopySource }))
      return
    }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: to }))
    const part = { Bucket, Key: to, UploadId }
    try {
      const parts: CompletedPart[] = []
      for (let at = 0; at < size; at += COPY_PART) {
        const PartNumber = parts.length + 1
        const CopySourceRange = `bytes=${at}-${Math.min(at + COPY_PART, size) - 1}`
        const copied = await s3.send(
          new UploadPartCopyCommand({
            ...part,
            PartNumber,
            CopySource,
            CopySourceRange,
            CopySourceIfMatch: ETag,
          }),
        )
        parts.push({ PartNumber, ETag: copied.CopyPartResult?.ETag })
      }
      const MultipartUpload = { Parts: parts }
      await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }))
    } catch (error) {
      await s3.send(new AbortMultipartUploadCommand(part)).catch(() => undefined)
      throw error
    }
  }

  /** One request; `ifMatch` holds several to one version. */
  async function get(Key: string, range: ByteRange | undefined, ifMatch?: string) {
    const { Body, ContentLength } = await s3.send(
      new GetObjectCommand({
        Bucket,
        Key,
        ...(range === undefined
          ? {}
          : { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
        ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
      }),
    )
    if (Body === undefined) throw new BlobError('BLOB_DAMAGED', 'the store gave no bytes')
    const expected = range?.length ?? ContentLength
    return { body: Body, expected }
  }

  async function readKey(key: string, range?: ByteRange, ifMatch?: string): Promise<Buffer> {
    if (range?.length === 0) {
      await s3.send(new HeadObjectCommand({ Bucket, Key: key }))
      return Buffer.alloc(0)
    }
    const { body, expected } = await get(key, range, ifMatch)
    const bytes = Buffer.from(await body.transformToByteArray())
    if (bytes.length !== expected) throw tooShort()
    return bytes
  }

  const head = (area: BlobArea, name: string) =>
    coded(async () => {
      try {
        return await s3.send(new HeadObjectCommand({ Bucket, Key: keyOf(area, name) }))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    })

  async function* listKeys(folder: string, after: string) {
    let token: string | undefined
    do {
      const page = await coded(() =>
        s3.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: folder,
            ...(token === undefined
              ? { StartAfter: `${folder}${after}` }
              : { ContinuationToken: token }),
          }),
        ),
      )
      yield page.Contents ?? []
      token = page.NextContinuationToken
    } while (token !== undefined)
  }

  return {
    // A bucket has no end that we could see; what it refuses is STORAGE_FULL or STORAGE_UNAVAILABLE.
    admit: () => Promise.resolve(),
    localPath: () => undefined,
    write: (area, pieces, name) =>
      coded(async () => {
        const parts = cutInParts(pieces)
        const first = (await parts.next()).value ?? Buffer.alloc(0)
        const second = await parts.next()
        if (second.done === true) {
          const request = { Bucket, Key: keyOf(area, name.finish()), ContentLength: first.length }
          await s3.send(new PutObjectCommand({ ...request, Body: first }))
          return
        }
        const rest = async function* () {
          yield second.value
          yield* parts
        }
        if (name.known !== undefined) {
          await putInParts(keyOf(area, name.known), first, rest(), () => void name.finish())
          return
        }
        const own = keyOf(area, `${PARTS}/${randomUUID()}`)
        await putInParts(own, first, rest(), () => undefined)
        try {
          await copyKey(own, keyOf(area, name.finish()))
        } finally {
          await s3.send(new DeleteObjectCommand({ Bucket, Key: own })).catch(() => undefined)
        }
      }),
    copy: (name, from, to) => coded(() => copyKey(keyOf(from, name), keyOf(to, name))),
    read: (area, name, range) => coded(() => readKey(keyOf(area, name), range)),
    pieces: async function* (area, name, range) {
      if (range?.length === 0) return
      const { body, expected } = await coded(() => get(keyOf(area, name), range))
      let given = 0
      try {
        for await (const piece of body as AsyncIterable<Buffer>) {
          given += piece.length
          yield piece
        }
      } catch (error) {
        await coded(() => Promise.reject(error instanceof Error ? error : tooShort()))
      }
      if (given !== expected) throw tooShort()
    },
    open: (area, name) =>
      coded(async () => {
        const Key = keyOf(area, name)
        const { ContentLength = 0, ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key }))
        return {
          size: ContentLength,
          read: (range) => coded(() => readKey(Key, range, ETag)),
          close: () => Promise.resolve(),
        }
      }),
    size: async (area, name) => (await head(area, name))?.ContentLength,
    storedAt: async (area, name) => (await head(area, name))?.LastModified,
    remove: (area, name) =>
      coded(async () => {
        await s3.send(new DeleteObjectCommand({ Bucket, Key: keyOf(area, name) }))
      }),
    list: async function* (area, after) {
      const folder = folderOf(area)
      // Hashes come after the dot of what is half done.
      for await (const page of listKeys(folder, after === '' ? `${PARTS}0` : after)) {
        const names = page.map(({ Key = '' }) => Key.slice(folder.length))
        if (names.length > 0) yield names
      }
    },
    sweepLeftovers: async () => {
      const deadBefore = clock().getTime() - PART_IS_DEAD_AFTER_MS
      let removed = 0
      for (const area of BLOB_AREAS) {
        for await (const page of listKeys(`${folderOf(area)}${PARTS}/`, '')) {
          for (const { Key, LastModified } of page) {
            if (LastModified === undefined || LastModified.getTime() > deadBefore) continue
            await coded(() => s3.send(new DeleteObjectCommand({ Bucket, Key })))
            removed += 1
          }
        }
      }
      const Prefix = prefix
      const uploads = await coded(() =>
        s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix })),
      )
      for (const { Key, UploadId, Initiated } of uploads.Uploads ?? []) {
        if (Initiated === undefined || Initiated.getTime() > deadBefore) continue
        await coded(() => s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })))
        removed += 1
      }
      return removed
    },
  }
}

function tooShort(): BlobError {
  return new BlobError('BLOB_DAMAGED', 'shorter than its index says')
}
