/**
 * Every file of the shared data against a committed table of verdicts. To renew the table after a
 * change that is meant: VERDICTS=write npm test -- test/conformance/real-data
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import {
  type DataSet,
  dataSet,
  getString,
  getStrings,
  readDicom,
  stringsOf,
  value,
  writeDicom,
} from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const TABLE = join(import.meta.dirname, 'verdicts.tsv')
const isCi = process.env['CI'] === 'true'
const MAX_MS = 2_000
const MAX_RSS_KIB = 512 * 1024
const run = promisify(execFile)

interface Verdict {
  readonly path: string
  /** Under research-longitudinal. */
  readonly strict: string
  /** The same, with pixels let through that nobody looked at. */
  readonly header: string
  readonly ms: number
}

const vault = openVault(new Uint8Array(32).fill(8), { prefix: 'LC', digits: 5 })
const profile = loadProfile(
  'name: all-kinds\nversion: 1\noptions: [retain-modified-dates, clean-descriptors, ' +
    'clean-structured-content, clean-graphics, retain-patient-characteristics, ' +
    'retain-safe-private]\npixels: { unseen: keep }\nfaces: keep\n',
)

/** The least that a CT image needs. */
const image = [
  value('00080008', 'CS', ['ORIGINAL', 'PRIMARY', 'AXIAL']),
  value('00080016', 'UI', '1.2.840.10008.5.1.4.1.1.2'),
  value('00080018', 'UI', '1.2.3'),
  value('00080060', 'CS', 'CT'),
  value('00100010', 'PN', 'SMITH'),
  value('00100020', 'LO', 'S-77341'),
  value('0020000D', 'UI', '1.2.4'),
  value('0020000E', 'UI', '1.2.5'),
  value('00280002', 'US', 1),
  value('00280010', 'US', 2),
  value('00280011', 'US', 2),
  value('00280100', 'US', 8),
  value('7FE00010', 'OB', new Uint8Array(4)),
]

describe.skipIf(!existsSync(DATA) && !isCi)('real data', () => {
  let verdicts: Verdict[] = []
  let maxRssKib = 0

  beforeAll(async () => {
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=512', join(import.meta.dirname, 'judge.ts')],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    child.stdin.end(filesBelow(DATA).join('\n'))
    await once(child, 'close')
    const lines = text.trim().split('\n')
    const last = JSON.parse(lines.pop() ?? '{}') as { maxRssKib?: number }
    maxRssKib = last.maxRssKib ?? Number.POSITIVE_INFINITY
    verdicts = lines.map((line) => JSON.parse(line) as Verdict)
  })

  test('every file ends in the verdict of the table', () => {
    const rows = verdicts.map(({ path, strict, header }) =>
      [relative(DATA, path), strict, header].join('\t'),
    )
    const text = `path\tresearch-longitudinal\theader only\n${rows.join('\n')}\n`
    if (process.env['VERDICTS'] === 'write') writeFileSync(TABLE, text)
    const counts = new Map<string, number>()
    for (const { header } of verdicts) counts.set(header, (counts.get(header) ?? 0) + 1)
    process.stdout.write(
      `real data: ${verdicts.length} files: ${[...counts].map((each) => each.join(' ')).join(', ')}\n`,
    )
    expect(text).not.toContain('FAILED')
    expect(text).toBe(readFileSync(TABLE, 'utf8'))
  })

  test('none takes more than two seconds; all of them fit in 512 MiB', () => {
    const slowest = Math.max(...verdicts.map(({ ms }) => ms))
    process.stdout.write(
      `real data: slowest ${slowest.toFixed(0)} ms, memory ${Math.round(maxRssKib / 1024)} MiB\n`,
    )
    expect(verdicts.filter(({ ms }) => ms > MAX_MS).map(({ path }) => path)).toEqual([])
    expect(maxRssKib).toBeLessThan(MAX_RSS_KIB)
  })

  test.each([['qin-headneck-0139'], ['ibsi-ct-phantom'], ['dcmqi']])(
    'references within %s still resolve',
    (folder) => {
      const before = filesBelow(join(DATA, folder)).flatMap((path) => dataSetOf(readFileSync(path)))
      const after = before.flatMap(({ bytes }) => {
        try {
          return dataSetOf(joinChunks(deidentify(bytes, { profile, vault }).chunks))
        } catch {
          return []
        }
      })
      const [old, fresh] = [resolved(before), resolved(after)]
      process.stdout.write(`references: ${folder}: ${fresh} of ${old} resolve\n`)
      expect(old).toBeGreaterThan(0)
      expect(fresh).toBe(old)
    },
  )

  test('kept text in Korean and other character sets reads the same before and after', () => {
    const folder = join(DATA, 'pydicom/charset_files')
    let compared = 0
    for (const name of readdirSync(folder)) {
      const [file] = name.endsWith('.dcm') ? dataSetOf(readFileSync(join(folder, name))) : []
      const words = file?.dataSet.get('00100010')
      const set = file?.dataSet.get('00080005')
      if (file === undefined || words?.kind !== 'value' || set === undefined) continue
      // The name as a description of somebody else's study: nothing in it has to go.
      const description = { ...words, tag: '0008103E', vr: 'LO' as const }
      const bytes = writeDicom({
        transferSyntaxUid: '1.2.840.10008.1.2.1',
        dataSet: dataSet([...image, set, description]),
      })
      const [clean] = dataSetOf(joinChunks(deidentify(bytes, { profile, vault }).chunks))
      const before = stringsOf(description, stringsOf(set, []))
      const after = clean === undefined ? [] : getStrings(clean.dataSet, '0008103E')
      expect(after, name).toEqual(before)
      expect(after.join(), name).not.toMatch(/\ufffd|\x1b/)
      compared++
    }
    process.stdout.write(`character sets: ${compared} files\n`)
    expect(compared).toBeGreaterThan(8)
  })

  describe.skipIf(!existsSync('/usr/bin/dciodvfy') && !isCi)('dciodvfy', () => {
    let folder = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pandok-judge-'))
    })
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true })
    })

    test('finds no error in a sample of each kind that the original did not have', async () => {
      const samples = oneOfEachKind(verdicts.filter(({ header }) => header === 'ok'))
      const worse: string[] = []
      let errors = 0
      for (const { path } of samples) {
        const clean = join(folder, 'clean.dcm')
        await writeFile(
          clean,
          joinChunks(deidentify(readFileSync(path), { profile, vault }).chunks),
        )
        const [before, after] = [await errorsOf(path), await errorsOf(clean)]
        errors += before.size
        for (const error of after) {
          if (!before.has(error)) worse.push(`${relative(DATA, path)}: ${error}`)
        }
      }
      process.stdout.write(
        `dciodvfy: ${samples.length} kinds, ${errors} errors before, ${worse.length} added\n`,
      )
      expect(worse).toEqual([])
      expect(samples.length).toBeGreaterThan(20)
    })
  })
})

function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\.(json|tsv|csv|md|txt|html|gz|sql|py|yaml|yml)$|LICEN[SC]E/i.test(path))
    .sort()
}

function dataSetOf(bytes: Uint8Array): { dataSet: DataSet; bytes: Uint8Array }[] {
  try {
    return [{ dataSet: readDicom(bytes).dataSet, bytes }]
  } catch {
    return []
  }
}

/** How many Referenced SOP Instance UIDs name an instance of the set. */
function resolved(files: readonly { dataSet: DataSet }[]): number {
  const known = new Set(files.map(({ dataSet }) => getString(dataSet, '00080018')))
  let count = 0
  const walk = (dataSet: DataSet) => {
    for (const element of dataSet.values()) {
      if (element.kind === 'sequence') element.items.forEach(walk)
      else if (element.tag === '00081155') {
        count += stringsOf(element, []).filter((uid) => known.has(uid)).length
      }
    }
  }
  for (const { dataSet } of files) walk(dataSet)
  return count
}

/** By SOP class and folder: as many writers as there are. */
function oneOfEachKind(verdicts: readonly Verdict[]): Verdict[] {
  const kinds = new Map<string, Verdict>()
  for (const verdict of verdicts) {
    const [file] = dataSetOf(readFileSync(verdict.path))
    if (file === undefined) continue
    const folder = relative(DATA, verdict.path).split('/')[0] ?? ''
    const kind = `${getString(file.dataSet, '00080016')} ${folder}`
    if (!kinds.has(kind)) kinds.set(kind, verdict)
  }
  return [...kinds.values()]
}

/** Its errors without the values and UIDs in them, which differ. */
async function errorsOf(path: string): Promise<Set<string>> {
  const { stderr } = await run('dciodvfy', [path], { maxBuffer: 1 << 26 }).catch(
    (error: unknown) => error as { stderr: string },
  )
  return new Set(
    stderr
      .split('\n')
      .filter((line) => line.startsWith('Error'))
      .map((line) => line.replace(/<[^>]*>/g, '<>').replace(/\[[^\]]*\]/g, '[]')),
  )
}
