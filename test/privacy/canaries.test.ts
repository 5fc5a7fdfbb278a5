/**
 * Identifiers planted in every place of synthetic studies of many kinds; the command de-identifies
 * them with the default profile. None may be found in anything that it writes or says: as plain
 * text, in other encodings, in base64 or hexadecimal, inflated, or as a list of numbers.
 */
import { spawnSync } from 'node:child_process'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { deidentify, loadProfile, openVault } from '@pandok/anonymizer'
import { getBytes, readDicom } from '@pandok/anonymizer/dicom'
import { startTextPool } from '@pandok/anonymizer/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import yazl from 'yazl'
import { burnedIn } from './burned-in.ts'
import {
  CLINICAL,
  canary,
  inflated,
  instance,
  KINDS,
  koreanInstance,
  planted,
  SUBJECT,
  spellings,
} from './planted.ts'

const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')
const ultrasound = burnedIn(60)

interface Place {
  readonly path: string
  readonly bytes: Buffer
}

interface Report {
  readonly counts: Readonly<Record<string, number>>
  readonly refusals: readonly { readonly code: string }[]
}

/** Of folders only the names. */
function placesBelow(root: string): Place[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  return entries.map((entry) => {
    const path = join(entry.parentPath, entry.name)
    const bytes = entry.isFile() ? readFileSync(path) : Buffer.alloc(0)
    return { path: path.slice(root.length), bytes }
  })
}

/** What is searched: files, their names, and what inflates in them. */
function haystacksOf(places: readonly Place[]): Place[] {
  return [
    ...places,
    ...places.map(({ path }) => ({ path: `the name ${path}`, bytes: Buffer.from(path) })),
    ...places.flatMap(({ path, bytes }) =>
      inflated(bytes).map((each) => ({ path: `${path} inflated`, bytes: each })),
    ),
  ]
}

async function writeZip(
  path: string,
  entries: readonly (readonly [name: string, bytes: Uint8Array])[],
): Promise<void> {
  const zip = new yazl.ZipFile()
  for (const [name, bytes] of entries) zip.addBuffer(Buffer.from(bytes), name, { compress: false })
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(path))
}

describe('canaries', () => {
  let folder = ''
  let said = ''
  const written: Place[] = []
  let reports: Report[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-privacy-'))
    const temporary = join(folder, 'tmp')
    await mkdir(temporary)
    await mkdir(join(folder, 'in'))
    await mkdir(join(folder, 'out'))
    for (const [index, kind] of Object.keys(KINDS).entries()) {
      const name = `${canary('file name')}_${kind.replace(' ', '_')}.dcm`
      await writeFile(join(folder, 'in', name), instance(kind, 10 + index))
    }
    const named = join(folder, 'in', `홍카나길동물 ${canary('folder name')}`)
    await mkdir(named)
    await writeFile(join(named, `홍카나길동물_${canary('Korean file name')}.dcm`), koreanInstance())
    // Names from a Mac: letters of Hangul taken apart.
    const apart = `홍카나길동물 ${canary('file that is no image')}.txt`.normalize('NFD')
    await writeFile(join(named, apart), `no DICOM ${canary('text that is no DICOM')}`)
    await writeZip(join(named, `${canary('zip name')}.zip`), [
      [`홍카나길동물/${canary('zip entry')}.dcm`, instance('CT', 50)],
      [`${canary('zip folder')}/홍카나길동물.dcm`, instance('MR', 51)],
      [`홍카나길동물/${canary('zip entry that is no image')}.txt`, Buffer.from('no DICOM')],
    ])
    await writeFile(join(folder, 'in', 'burned-in.dcm'), ultrasound.bytes)
    await writeFile(
      join(folder, 'all.yaml'),
      'name: all-kinds\nversion: 1\noptions: [retain-modified-dates, retain-patient-characteristics, ' +
        'clean-descriptors, clean-structured-content, clean-graphics, retain-safe-private]\n' +
        'pixels: { unseen: keep }\n',
    )
    for (const [name, profile] of [
      ['default', 'research-longitudinal'],
      ['all', join(folder, 'all.yaml')],
    ] as const) {
      const args = [join(folder, 'in'), '--out', join(folder, 'out', name), '--profile', profile]
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [MAIN, 'deidentify', ...args, '--key-file', join(folder, 'out', 'key')],
        { env: { ...process.env, TMPDIR: temporary }, encoding: 'utf8' },
      )
      said += stdout + stderr
    }
    written.push(...placesBelow(join(folder, 'out')), ...placesBelow(temporary))
    reports = ['default', 'all'].map((name): Report => {
      const text = readFileSync(join(folder, 'out', name, 'report.json'), 'utf8')
      return JSON.parse(text) as Report
    })
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('at least 300 are planted, and the search finds each in what went in', () => {
    const haystack = Buffer.concat(
      haystacksOf(placesBelow(join(folder, 'in'))).map(({ bytes }) => bytes),
    )
    const missed = [...planted].filter(
      ([text]) => !spellings(text).some((spelling) => haystack.includes(spelling)),
    )
    expect(missed).toEqual([])
    expect(planted.size).toBeGreaterThanOrEqual(300)
  })

  test('none is in an output, a report, what was said or a temporary file', () => {
    const texts = [...planted.keys(), ...SUBJECT.parts, SUBJECT.mail, '7734-1902', '17-1234567']
    const haystacks = [{ path: 'what was said', bytes: Buffer.from(said) }, ...haystacksOf(written)]
    const found: string[] = []
    for (const text of texts) {
      const wanted = spellings(text)
      for (const { path, bytes } of haystacks) {
        if (wanted.some((spelling) => bytes.includes(spelling))) {
          found.push(`${planted.get(text) ?? text} in ${path}`)
        }
      }
    }
    const images = written.filter(({ path }) => path.endsWith('.dcm')).length
    process.stdout.write(
      `canaries: ${found.length} of ${texts.length} found in ${images} images, ` +
        `${written.length - images} other files and folders, and ${said.length} characters said\n`,
    )
    expect(found).toEqual([])
    expect(images).toBeGreaterThan(12)
  })

  test('folders and zips with Korean names are read; what is no image is refused by its code', () => {
    for (const { refusals, counts } of reports) {
      const codes = refusals.map(({ code }) => code)
      expect(codes.filter((code) => code === 'DICOM_NOT_PART10')).toHaveLength(2)
      expect(codes).toContain('DEID_BURNED_IN')
      expect(codes).toContain('DEID_SOP_CLASS')
      // Beside the kinds: the Korean one, two of the zip, the ultrasound, two that are no images.
      expect(counts['inputs']).toBe(Object.keys(KINDS).length + 6)
    }
  })

  test('the Korean name is gone in the bytes of KS X 1001 too', () => {
    const hangul = Buffer.from([0xc8, 0xab, 0xc4, 0xab, 0xb3, 0xaa])
    for (const { path, bytes } of written) expect(bytes.includes(hangul), path).toBe(false)
  })

  test('clinical words stay', () => {
    const images = written.filter(({ path }) => path.includes('/all/') && path.endsWith('.dcm'))
    const keeping = images.filter(({ bytes }) => bytes.includes(Buffer.from(CLINICAL)))
    expect(keeping.length).toBeGreaterThanOrEqual(Object.keys(KINDS).length - 1)
  })

  test('burned-in text is found, blanked where it was found, and found no more', async () => {
    const profile = loadProfile('research-longitudinal')
    const vault = openVault(new Uint8Array(32).fill(5), { prefix: 'LC', digits: 5 })
    const pool = startTextPool({ processes: 1 })
    const look = async (name: string, bytes: Uint8Array) => {
      const path = join(folder, name)
      await writeFile(path, bytes)
      const answer = await pool.look({ source: { kind: 'file', path }, frames: 'all' })
      if (answer.kind === 'failed') throw new Error(answer.code)
      return answer.frames.flatMap(({ boxes }) => boxes)
    }
    try {
      expect(() => deidentify(ultrasound.bytes, { profile, vault })).toThrow('DEID_BURNED_IN')
      const boxes = await look('before.dcm', ultrasound.bytes)
      expect(boxes.length).toBeGreaterThanOrEqual(3)
      const regions = boxes.map((box) => ({ ...box, frames: 'all' as const }))
      const result = deidentify(ultrasound.bytes, { profile, vault }, { regions })
      const clean = Buffer.concat(result.chunks)
      const pixels = getBytes(readDicom(clean).dataSet, '7FE00010')
      const levels = ultrasound.letters.map((at) => pixels?.[at])
      expect(new Set(levels)).toEqual(new Set([0]))
      expect(await look('after.dcm', clean)).toEqual([])
      const places = haystacksOf([{ path: 'ultrasound', bytes: clean }])
      const texts = [...planted.keys(), ...SUBJECT.parts]
      const isFound = (text: string) =>
        spellings(text).some((each) => places.some(({ bytes }) => bytes.includes(each)))
      expect(texts.filter(isFound)).toEqual([])
      process.stdout.write(
        `burned-in: ${boxes.length} boxes over ${levels.length} pixels of letters; none after it\n`,
      )
    } finally {
      pool.close()
    }
  })
})
