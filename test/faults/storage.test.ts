/**
 * F4 and F5 of the volume that holds blobs: it is full, or its calls fail. What was acknowledged is there
 * and whole, nothing else is, and it goes on without a restart.
 */
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import promises, { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PandokError } from '@pandok/contract'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BlobStore, openBlobs } from '../../api/src/platform/blobs/index.ts'
import { piecesOf } from '../support/blob-store-cases.ts'
import { startTestInstallation } from '../support/installation.ts'
import { PROJECT } from '../support/workflow.ts'

const MIB = 1024 * 1024
const IS_LONG = process.env['PANDOK_FAULTS'] === 'long'

/** A file system of so many MiB, for whoever may mount one. */
function mountSmall(folder: string, sizeMib: number): boolean {
  if (process.getuid?.() !== 0) return false
  const options = ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', folder]
  return spawnSync('mount', options).status === 0
}

const storeIn = (directory: string, minFreeBytes: number) =>
  openBlobs({
    location: { kind: 'file', directory },
    localCopiesDirectory: join(directory, 'local-copies'),
    installationKey: randomBytes(32),
    formerInstallationKeys: [],
    minFreeBytes,
    clock: () => new Date(),
  })

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

describe('F4: the volume is full', () => {
  let volume: string
  let isMounted = false
  beforeAll(async () => {
    volume = await mkdtemp(join(tmpdir(), 'pandok-small-'))
    isMounted = mountSmall(volume, 64)
    // Elsewhere than in CI not everybody may mount one; there it would be a test that nobody misses.
    if (!isMounted && process.env['CI'] === 'true') throw new Error('no small file system')
  })
  afterAll(async () => {
    if (isMounted) spawnSync('umount', [volume])
    await rm(volume, { recursive: true, force: true })
  })

  test('in the middle of bodies: none half stored, and it goes on once there is room', async (t) => {
    if (!isMounted) t.skip('only who may mount a small file system')
    const folder = join(volume, 'middle')
    const blobs = storeIn(folder, 0)
    const bodies = Array.from({ length: 24 }, () => randomBytes(4 * MIB))
    const acknowledged: { sha256: string; bytes: Buffer }[] = []
    const refusals: string[] = []
    await Promise.all(
      bodies.map(async (bytes, number) => {
        const area = number % 2 === 0 ? 'quarantine' : 'archive'
        await blobs.put(area, piecesOf(bytes)).then(
          ({ sha256 }) => acknowledged.push({ sha256, bytes }),
          (error: unknown) => refusals.push(codeOf(error)),
        )
      }),
    )
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(refusals.length).toBeGreaterThan(0)
    expect(new Set(refusals)).toEqual(new Set(['STORAGE_FULL']))
    for (const { sha256, bytes } of acknowledged) {
      const area = (await blobs.size('archive', sha256)) === undefined ? 'quarantine' : 'archive'
      expect((await blobs.read(area, sha256)).equals(bytes)).toBe(true)
    }
    const files = filesBelow(folder)
    expect(files).toHaveLength(acknowledged.length)
    for (const { sha256 } of acknowledged) {
      await blobs.remove('archive', sha256)
      await blobs.remove('quarantine', sha256)
    }
    const again = await blobs.put('archive', piecesOf(randomBytes(4 * MIB)))
    expect(await blobs.size('archive', again.sha256)).toBe(4 * MIB)
    process.stdout.write(
      `full disk, 24 bodies at once: ${acknowledged.length} acknowledged, 0 lost, ` +
        `${refusals.length} refused with STORAGE_FULL, 0 half stored\n`,
    )
    await rm(folder, { recursive: true })
  })

  test('uploads are refused with 507 before their body, and go on without a restart', async (t) => {
    if (!isMounted) t.skip('only who may mount a small file system')
    const folder = join(volume, 'blobs')
    await mkdir(folder)
    const pandok = await startTestInstallation({
      env: { BLOB_URL: pathToFileURL(folder).href, MIN_FREE_BYTES: String(8 * MIB) },
    })
    try {
      const sender = pandok.as('data-manager')
      const { id: uploadId } = await sender.createUpload({ params: PROJECT, body: {} })
      const send = async (bytes: Buffer<ArrayBuffer>) => {
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        await sender.putUploadFile({ params: { uploadId, sha256 }, body: new Blob([bytes]) })
        return sha256
      }
      const acknowledged: string[] = []
      let refusal: unknown
      for (let sent = 0; sent < 40 && refusal === undefined; sent += 1) {
        await send(randomBytes(2 * MIB)).then(
          (sha256) => acknowledged.push(sha256),
          (error: unknown) => {
            refusal = error
          },
        )
      }
      expect(refusal).toBeInstanceOf(PandokError)
      expect(refusal).toMatchObject({ code: 'STORAGE_FULL', status: 507 })
      const stored = filesBelow(join(folder, 'quarantine')).map((path) => path.slice(-64))
      expect(stored.toSorted()).toEqual(acknowledged.toSorted())
      const { items } = await sender.findUploadFiles({
        params: { uploadId },
        body: { sha256s: acknowledged },
      })
      expect(items.filter(({ isReceived }) => isReceived)).toHaveLength(acknowledged.length)
      // Others work meanwhile, and there is room again.
      expect(await sender.getUpload({ params: { uploadId } })).toMatchObject({ id: uploadId })
      spawnSync('mount', ['-o', 'remount,size=128m', volume])
      acknowledged.push(await send(randomBytes(2 * MIB)))
      process.stdout.write(
        `full volume: ${acknowledged.length} uploads acknowledged, 0 lost, the next refused with 507, ` +
          'taken again once there was room\n',
      )
    } finally {
      await pandok.stop()
    }
  })
})

describe('F5: a call of the file system fails', () => {
  let directory: string
  let prototype: object
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pandok-failing-'))
    const file = await open(join(directory, 'any'), 'w')
    prototype = Object.getPrototypeOf(file) as object
    await file.close()
    await writeFile(join(directory, 'any'), '')
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  /** The calls whose failure a put has to survive, of open files and of names. */
  const FILE_CALLS = ['writev', 'datasync', 'sync'] as const
  const NAME_CALLS = ['open', 'rename', 'link', 'mkdir', 'statfs'] as const

  /** While `work` runs the n-th of them fails; the calls that were made. */
  async function failing(n: number, errno: string, work: () => Promise<void>): Promise<string[]> {
    const calls: string[] = []
    const undo: (() => void)[] = []
    const wrap = (holder: object, names: readonly string[]) => {
      for (const name of names) {
        const real: unknown = Reflect.get(holder, name)
        if (typeof real !== 'function') throw new Error(`no ${name}`)
        const own = Object.getOwnPropertyDescriptor(holder, name)
        const call = function (this: unknown, ...given: unknown[]): unknown {
          calls.push(name)
          if (calls.length === n) {
            return Promise.reject(
              Object.assign(new Error(`${errno}: of the test`), { code: errno }),
            )
          }
          return Reflect.apply(real, this, given)
        }
        Object.defineProperty(holder, name, { value: call, configurable: true, writable: true })
        undo.push(() => {
          if (own === undefined) Reflect.deleteProperty(holder, name)
          else Object.defineProperty(holder, name, own)
        })
      }
    }
    wrap(prototype, FILE_CALLS)
    wrap(promises, NAME_CALLS)
    syncBuiltinESMExports()
    try {
      await work()
    } finally {
      for (const each of undo) each()
      syncBuiltinESMExports()
    }
    return calls
  }

  test.each([
    ['EIO', 'STORAGE_UNAVAILABLE'],
    ['ENOSPC', 'STORAGE_FULL'],
  ])('%s of each call in turn: %s, or all of it was done', async (errno, code) => {
    let failures = 0
    let stores = 0
    const bodies: [area: 'quarantine' | 'archive', size: number][] = [
      ['quarantine', 3 * MIB],
      ['archive', 10],
    ]
    if (IS_LONG) bodies.push(['archive', 40 * MIB])
    for (const [area, size] of bodies) {
      const bytes = randomBytes(size)
      /** The n-th call of a store of its own, to which nothing is known to be made. */
      const putFailing = async (n: number) => {
        stores += 1
        const folder = join(directory, `${errno}-${stores}`)
        const blobs: BlobStore = storeIn(folder, 0)
        let outcome = 'acknowledged'
        const calls = await failing(n, errno, () =>
          blobs.put(area, piecesOf(bytes, MIB)).then(
            () => undefined,
            (error: unknown) => {
              outcome = codeOf(error)
            },
          ),
        )
        return { folder, blobs, calls, outcome }
      }
      const { calls: all, outcome: whole } = await putFailing(Number.POSITIVE_INFINITY)
      // The data was durable before it had its name, and the name at the end.
      expect(whole).toBe('acknowledged')
      expect(all.lastIndexOf('datasync')).toBeLessThan(all.indexOf('rename'))
      expect(all.lastIndexOf('sync')).toBeGreaterThan(all.indexOf('rename'))
      // The folders of an area are made by as many calls as there are folders: one stands for all.
      const firstPart = all.lastIndexOf('mkdir') + 1
      const each = Array.from({ length: all.length }, (_, at) => at + 1)
      for (const n of each.filter((at) => at < 5 || at === 100 || at >= firstPart)) {
        const { folder, blobs, calls, outcome } = await putFailing(n)
        failures += 1
        expect(`${calls[n - 1]}: ${outcome}`).toBe(`${calls[n - 1]}: ${code}`)
        const left = existsSync(folder) ? filesBelow(folder) : []
        expect(left.filter((path) => path.includes('.parts'))).toEqual([])
        // The same store again, without a restart.
        const { sha256 } = await blobs.put(area, piecesOf(bytes, MIB))
        expect((await blobs.read(area, sha256)).equals(bytes)).toBe(true)
      }
    }
    expect(failures).toBeGreaterThan(20)
    process.stdout.write(
      `${errno} injected ${failures} times: 0 acknowledged of them, 0 half stored, ` +
        `${failures} stored by the next try\n`,
    )
  })
})
