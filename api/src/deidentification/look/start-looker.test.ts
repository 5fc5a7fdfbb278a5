/** What the server compares to choose samples is what the command compares, from the same files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deidentify, loadProfile, openVault } from '@pandok/anonymizer'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePhantom } from '../../../../test/phantom/index.ts'
import { startLooker } from './start-looker.ts'

const SLICES = 40
const looker = startLooker()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-look-'))
})
afterAll(async () => {
  await looker.close()
  await rm(folder, { recursive: true, force: true })
})

async function cornersOf(name: string, bytes: Uint8Array, frames = 1): Promise<readonly string[]> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return await looker.corners(path, frames)
}

test('native slices are judged as they are stored, alike here and in the command', async () => {
  const settings = {
    profile: loadProfile('research-longitudinal'),
    vault: openVault(new Uint8Array(32).fill(7), { prefix: 'LC', digits: 5 }),
  }
  const { files } = makePhantom({ seed: 11, size: 256, slices: SLICES })
  for (const { name, bytes } of files) {
    const known = deidentify(bytes, settings).look?.corners
    expect(known?.[0]).not.toBe('')
    expect(await cornersOf(name, bytes)).toEqual(known)
  }
})

test('what a list of devices announces is not compared: every frame of it is looked at', async () => {
  const [slice] = makePhantom({ seed: 12, size: 64, slices: 1 }).files
  const file = readDicom(slice?.bytes ?? new Uint8Array())
  const screen = writeDicom({
    ...file,
    dataSet: dataSet([
      ...file.dataSet.values(),
      value('00080008', 'CS', ['DERIVED', 'SECONDARY', 'SCREEN SAVE']),
    ]),
  })
  expect(await cornersOf('screen', screen)).toEqual([''])
})

test('what cannot be read has no signature, so that its look says why', async () => {
  expect(await cornersOf('broken', new Uint8Array(300), 2)).toEqual(['', ''])
})
