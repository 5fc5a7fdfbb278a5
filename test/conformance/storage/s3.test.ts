/** The blob store on an S3-compatible store: the table of every store, and what only a network has. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BlobStore, openBlobs } from '../../../api/src/platform/blobs/index.ts'
import { blobStoreCases, piecesOf, sha256Of } from '../../support/blob-store-cases.ts'
import { freePorts } from '../../support/free-port.ts'
import {
  HAS_OBJECT_STORE,
  startObjectStore,
  type TestObjectStore,
} from '../../support/object-store.ts'

const MIB = 1024 * 1024
const BUCKET = 'pandok-test'

describe.skipIf(!HAS_OBJECT_STORE)('S3', () => {
  let server: TestObjectStore
  let copies: string
  let blobs: BlobStore
  let s3: S3Client

  interface Changes {
    readonly endpoint?: string
    readonly secretAccessKey?: string
    readonly prefix?: string
    readonly clock?: () => Date
  }
  const open = (changes: Changes = {}) =>
    openBlobs({
      location: {
        kind: 's3',
        bucket: BUCKET,
        prefix: changes.prefix ?? 'some/where/',
        endpoint: changes.endpoint ?? server.endpoint,
        region: server.region,
        credentials: {
          accessKeyId: server.credentials.accessKeyId,
          secretAccessKey: changes.secretAccessKey ?? server.credentials.secretAccessKey,
        },
      },
      localCopiesDirectory: copies,
      installationKey: Buffer.alloc(32, 7),
      formerInstallationKeys: [],
      minFreeBytes: 0,
      clock: changes.clock ?? (() => new Date()),
    })

  beforeAll(async () => {
    copies = await mkdtemp(join(tmpdir(), 'pandok-copies-'))
    server = await startObjectStore()
    await server.makeBucket(BUCKET)
    const { endpoint, region, credentials } = server
    s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
    blobs = open()
  })
  afterAll(async () => {
    s3.destroy()
    await server.stop()
    await rm(copies, { recursive: true, force: true })
  })

  const keys = async (prefix: string) => {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }))
    return (page.Contents ?? []).map(({ Key = '' }) => Key)
  }
  const uploadsUnderWay = async () =>
    (await s3.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? []

  blobStoreCases(() => blobs)

  test.each(['known', 'not known'])(
    'a large body whose hash is %s leaves one object',
    async (is) => {
      const store = open({ prefix: `large-${is.replace(' ', '-')}/` })
      const bytes = randomBytes(6 * MIB + 5)
      const sha256 = sha256Of(bytes)
      const options = is === 'known' ? { expectedSha256: sha256 } : {}
      await store.put('archive', piecesOf(bytes), options)
      expect(await keys(`large-${is.replace(' ', '-')}/`)).toEqual([
        `large-${is.replace(' ', '-')}/archive/${sha256}`,
      ])
      expect((await store.read('archive', sha256)).equals(bytes)).toBe(true)
    },
  )

  test('a large body of other bytes than declared leaves neither an object nor an upload', async () => {
    const store = open({ prefix: 'refused/' })
    const expectedSha256 = sha256Of(Buffer.from('other'))
    const putting = store.put('archive', piecesOf(randomBytes(6 * MIB)), { expectedSha256 })
    await expect(putting).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
    expect(await keys('refused/')).toEqual([])
    expect(await uploadsUnderWay()).toEqual([])
  })

  test('what may identify a person is not to be read in the bucket', async () => {
    const canary = Buffer.from('HONG^GILDONG')
    const bytes = Buffer.concat([randomBytes(1000), canary])
    const { sha256 } = await blobs.put('quarantine', piecesOf(bytes))
    const { endpoint, region, credentials } = server
    const location = {
      kind: 's3',
      bucket: BUCKET,
      prefix: 'some/where/',
      endpoint,
      region,
    } as const
    const { openS3Adapter } = await import('../../../api/src/platform/blobs/s3-adapter.ts')
    const adapter = openS3Adapter({ ...location, credentials }, () => new Date())
    const stored = await adapter.read('quarantine', sha256)
    expect(stored.length).toBeGreaterThan(bytes.length)
    expect(stored.includes(canary)).toBe(false)
  })

  test('what a killed process began goes after a day, and not before', async () => {
    const prefix = 'killed/'
    const part = { Bucket: BUCKET, Key: `${prefix}archive/.parts/1` }
    await s3.send(new PutObjectCommand({ ...part, Body: 'whole, never copied' }))
    await s3.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key: `${prefix}archive/2` }))
    const young = open({ prefix })
    expect(await young.sweepLeftovers()).toEqual({ removed: 0 })
    const names: string[] = []
    for await (const portion of young.list('archive')) names.push(...portion)
    expect(names).toEqual([])
    const dayLater = new Date(Date.now() + 25 * 60 * 60_000)
    expect(await open({ prefix, clock: () => dayLater }).sweepLeftovers()).toEqual({ removed: 2 })
    expect(await keys(prefix)).toEqual([])
    expect(await uploadsUnderWay()).toEqual([])
  })

  test('a wrong secret is STORAGE_UNAVAILABLE, reading and writing', async () => {
    const store = open({ secretAccessKey: 'wrong' })
    const refusal = { code: 'STORAGE_UNAVAILABLE' }
    await expect(store.put('archive', piecesOf(randomBytes(10)))).rejects.toMatchObject(refusal)
    await expect(store.size('archive', sha256Of(randomBytes(1)))).rejects.toMatchObject(refusal)
  })

  test('a store that does not answer is STORAGE_UNAVAILABLE', async () => {
    const store = open({ endpoint: `http://127.0.0.1:${await freePorts(1)}` })
    const refusal = { code: 'STORAGE_UNAVAILABLE' }
    await expect(store.put('archive', piecesOf(randomBytes(10)))).rejects.toMatchObject(refusal)
    await expect(store.read('archive', sha256Of(randomBytes(1)))).rejects.toMatchObject(refusal)
  })
})
