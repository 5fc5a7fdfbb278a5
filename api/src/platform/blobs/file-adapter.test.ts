import { randomBytes } from 'node:crypto'
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blobStoreCases, piecesOf, sha256Of } from '../../../../test/support/blob-store-cases.ts'
import { type BlobStore, openBlobs } from './index.ts'

let directory: string
let blobs: BlobStore
const clock = () => new Date()

const open = (folder: string, options: { minFreeBytes?: number } = {}) =>
  openBlobs({
    location: { kind: 'file', directory: folder },
    localCopiesDirectory: join(folder, 'local-copies'),
    installationKey: randomBytes(32),
    formerInstallationKeys: [],
    minFreeBytes: options.minFreeBytes ?? 0,
    clock,
  })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pandok-blobs-'))
  blobs = open(directory)
})
afterAll(() => rm(directory, { recursive: true, force: true }))

blobStoreCases(() => blobs)

/** Every file below the folder. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name))
}

describe('on the disk', () => {
  test('what may identify a person is nowhere to be read', async () => {
    const folder = join(directory, 'canary')
    const store = open(folder)
    const canary = Buffer.from('HONG^GILDONG')
    const bytes = Buffer.concat([randomBytes(100_000), canary, randomBytes(100_000)])
    await store.put('quarantine', piecesOf(bytes))
    await store.put('incoming', piecesOf(bytes))
    const files = await filesIn(folder)
    expect(files).toHaveLength(2)
    for (const file of files) expect((await readFile(file)).includes(canary)).toBe(false)
  })

  test('a failed put leaves no file of any kind', async () => {
    const folder = join(directory, 'failed')
    const store = open(folder)
    const expectedSha256 = sha256Of(Buffer.from('other'))
    const putting = store.put('archive', piecesOf(randomBytes(3_000_000)), { expectedSha256 })
    await expect(putting).rejects.toMatchObject({ code: 'HASH_MISMATCH' })
    expect(await filesIn(folder)).toEqual([])
  })

  test('a put heals a blob that was damaged', async () => {
    const bytes = randomBytes(1000)
    const { sha256 } = await blobs.put('archive', piecesOf(bytes))
    await appendFile(blobs.localPath('archive', sha256) ?? '', 'rot')
    await blobs.put('archive', piecesOf(bytes))
    expect((await blobs.read('archive', sha256)).equals(bytes)).toBe(true)
  })

  test('a local copy of damaged bytes is refused', async () => {
    const { sha256 } = await blobs.put('quarantine', piecesOf(randomBytes(1000)))
    await appendFile(join(directory, 'quarantine', sha256.slice(0, 2), sha256), 'rot')
    const using = blobs.withLocalFile('quarantine', sha256, () => Promise.resolve())
    await expect(using).rejects.toMatchObject({ code: 'BLOB_DAMAGED' })
    expect(await filesIn(join(directory, 'local-copies'))).toEqual([])
  })

  test('a folder that was removed under it is made again', async () => {
    const bytes = randomBytes(1000)
    const { sha256 } = await blobs.put('derived', piecesOf(bytes))
    await rm(join(directory, 'derived'), { recursive: true })
    await blobs.put('archive', piecesOf(bytes))
    await blobs.put('derived', piecesOf(randomBytes(10)))
    await blobs.share(sha256, 'archive', 'derived')
    expect(await blobs.size('derived', sha256)).toBe(1000)
  })
})

describe('too little space', () => {
  test.each([
    ['below the least that stays free', 0, Number.MAX_SAFE_INTEGER],
    ['less than twice what is declared', Number.MAX_SAFE_INTEGER / 4, 0],
  ])('%s: STORAGE_FULL before a byte is taken', async (_title, declaredBytes, minFreeBytes) => {
    const store = open(join(directory, 'small'), { minFreeBytes })
    await expect(store.admit(declaredBytes)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    let taken = 0
    const counted = async function* () {
      for await (const piece of piecesOf(randomBytes(10))) {
        taken += piece.length
        yield piece
      }
    }
    const putting = store.put('quarantine', counted(), { declaredBytes })
    await expect(putting).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(taken).toBe(0)
  })
})

describe('what a killed process left', () => {
  const old = new Date(Date.now() - 6 * 60_000)

  test('half-written files go after five minutes, younger ones stay', async () => {
    const folder = join(directory, 'killed')
    const parts = join(folder, 'archive', '.parts')
    await mkdir(parts, { recursive: true })
    for (const name of ['old', 'young']) await writeFile(join(parts, name), 'half')
    await utimes(join(parts, 'old'), old, old)
    expect(await open(folder).sweepLeftovers()).toEqual({ removed: 1 })
    expect(await readdir(parts)).toEqual(['young'])
  })

  const DEAD_PID = 2 ** 22 + 1
  test.each([
    ['of a process of this machine that is gone', `${DEAD_PID}.${hostname()}`, false, true],
    ['of a process of this machine that runs', `${process.pid}.${hostname()}`, false, false],
    ['of another machine', '1.elsewhere.example.org', false, false],
    ['of another machine, untouched for five minutes', '1.elsewhere.example.org', true, true],
  ])('a plain copy %s', async (_title, owner, isOld, isGone) => {
    const folder = join(directory, `copies-${owner}-${isOld}`)
    const copy = join(folder, 'local-copies', `6f1c.${owner}`)
    await mkdir(copy, { recursive: true })
    await writeFile(join(copy, 'file'), 'plain')
    if (isOld) await utimes(copy, old, old)
    expect(await open(folder).sweepLeftovers()).toEqual({ removed: isGone ? 1 : 0 })
  })
})
