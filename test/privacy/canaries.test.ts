/**
 * Identifiers planted in every place of synthetic studies of many kinds; the command de-identifies
 * them with the default profile. None may be found in anything that it writes or says: as plain
 * text, in other encodings, in base64 or hexadecimal, inflated, or as a list of numbers.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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
describe('canaries', () => {
  let folder = ''
  let said = ''
  const written: { path: string; bytes: Buffer }[] = []

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
    await writeFile(join(folder, 'in', 'korean.dcm'), koreanInstance())
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
    for (const root of ['out', 'tmp']) {
      const entries = readdirSync(join(folder, root), { recursive: true, withFileTypes: true })
      for (const entry of entries) {
        const path = join(entry.parentPath, entry.name)
        const bytes = entry.isFile() ? readFileSync(path) : Buffer.alloc(0)
        written.push({ path: path.slice(folder.length), bytes })
      }
    }
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  test('at least 300 are planted, and the search finds each in what went in', () => {
    const inputs = readdirSync(join(folder, 'in')).map((name) => ({
      path: name,
      bytes: readFileSync(join(folder, 'in', name)),
    }))
    const haystack = Buffer.concat([
      ...inputs.map(({ path }) => Buffer.from(path)),
      ...inputs.map(({ bytes }) => bytes),
      ...inputs.flatMap(({ bytes }) => inflated(bytes)),
    ])
    const missed = [...planted].filter(
      ([text]) => !spellings(text).some((spelling) => haystack.includes(spelling)),
    )
    expect(missed).toEqual([])
    expect(planted.size).toBeGreaterThanOrEqual(300)
  })

  test('none is in an output, a report, what was said or a temporary file', () => {
    const texts = [...planted.keys(), ...SUBJECT.parts, SUBJECT.mail, '7734-1902', '17-1234567']
    const haystacks = [
      { path: 'what was said', bytes: Buffer.from(said) },
      ...written,
      ...written.map(({ path }) => ({ path, bytes: Buffer.from(path) })),
      ...written.flatMap(({ path, bytes }) =>
        inflated(bytes).map((each) => ({ path: `${path} inflated`, bytes: each })),
      ),
    ]
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

  test('the Korean name is gone in the bytes of KS X 1001 too', () => {
    const hangul = Buffer.from([0xc8, 0xab, 0xc4, 0xab, 0xb3, 0xaa])
    for (const { path, bytes } of written) expect(bytes.includes(hangul), path).toBe(false)
  })

  test('clinical words stay', () => {
    const images = written.filter(({ path }) => path.includes('/all/') && path.endsWith('.dcm'))
    const keeping = images.filter(({ bytes }) => bytes.includes(Buffer.from(CLINICAL)))
    expect(keeping.length).toBeGreaterThanOrEqual(Object.keys(KINDS).length - 1)
  })
})
