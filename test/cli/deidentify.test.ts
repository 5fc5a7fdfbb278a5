/** The command as a hospital runs it: real processes, real files. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dataSet, readDicom, value, writeDicom } from '@pandok/anonymizer/dicom'
import { runKeyCli } from '@pandok/anonymizer/node/key'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import yazl from 'yazl'
import { makePhantom, type Phantom } from '../phantom/index.ts'

const MAIN = join(import.meta.dirname, '../../deploy/cli/main.mjs')
let files: Phantom['files'] = []
let folder = ''

beforeAll(() => {
  files = makePhantom({ seed: 4, size: 64, slices: 60 }).files
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-cli-'))
  await mkdir(join(folder, 'in'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly text: string
}

function start(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, 'deidentify', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
  }
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, text }))
  return { child, ended }
}

const run = (...args: string[]) => start(...args).ended
const at = (...parts: string[]) => join(folder, ...parts)

async function putFiles(count = files.length): Promise<void> {
  for (const file of files.slice(0, count)) await writeFile(at('in', file.name), file.bytes)
}

function imagesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.dcm'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Path → SHA-256 of every image below a folder. */
function tree(root: string): Record<string, string> {
  return Object.fromEntries(
    imagesBelow(root).map((path) => [
      path.slice(root.length),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  )
}

/** General purpose bit 11 of every local and central header. */
function clearUtf8Flags(zip: Buffer): void {
  for (const [signature, at] of [
    ['PK\x03\x04', 7],
    ['PK\x01\x02', 9],
  ] as const) {
    for (
      let found = zip.indexOf(signature);
      found >= 0;
      found = zip.indexOf(signature, found + 4)
    ) {
      zip.writeUInt8(zip.readUInt8(found + at) & ~0x08, found + at)
    }
  }
}

interface Report {
  readonly counts: Readonly<Record<string, number>>
  readonly refusals: readonly { input: string; code: string; other?: string }[]
}
const reportOf = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Report

describe('pandok deidentify', () => {
  test('a folder: written by subject, study and series; the same again with one job or three', async () => {
    await putFiles()
    const first = await run(at('in'), '--out', at('a'), '--jobs', '1')
    expect(first).toMatchObject({ code: 0 })
    const again = await run(at('in'), '--out', at('b'), '--jobs', '3')
    expect(again).toMatchObject({ code: 0 })
    expect(Object.keys(tree(at('a')))).toHaveLength(files.length)
    expect(tree(at('b'))).toEqual(tree(at('a')))
    expect(Object.keys(tree(at('a')))[0]).toMatch(
      /^\/LC\d{5}\/2\.25\.\d+\/2\.25\.\d+\/2\.25\.\d+\.dcm$/,
    )
    expect(await readdir(at('a'))).not.toContain('.pandok-partial')
    expect(reportOf(at('a', 'report.json')).counts).toMatchObject({
      inputs: files.length,
      written: files.length,
      refused: 0,
      subjects: 1,
    })
  })

  test('zips, a DICOMDIR and links: entries and discs are read, links are not followed', async () => {
    const zip = new yazl.ZipFile()
    for (const [index, file] of files.slice(0, 6).entries()) {
      zip.addBuffer(Buffer.from(file.bytes), `study/${file.name}`, { compress: index % 2 === 0 })
    }
    zip.addBuffer(Buffer.from('x'), '__MACOSX/leftover')
    zip.end()
    const sink = createWriteStream(at('in', 'disc.zip'))
    zip.outputStream.pipe(sink)
    await once(sink, 'close')
    await symlink(at('in'), at('in', 'loop'))
    const result = await run(at('in'), '--out', at('out'))
    expect(result).toMatchObject({ code: 0 })
    await putFiles(6)
    expect(await run(at('in'), '--out', at('out'), '--resume')).toMatchObject({ code: 1 })
    expect(reportOf(at('out', 'report.json'))).toMatchObject({
      counts: { unchanged: 6, refused: 6, written: 0 },
    })
    expect(new Set(reportOf(at('out', 'report.json')).refusals.map(({ code }) => code))).toEqual(
      new Set(['DEID_DUPLICATE']),
    )
  })

  test('a zip of Korean Windows: the operator can read its names, nobody else', async () => {
    // 김민수 in code page 949.
    const name = Buffer.from([0xb1, 0xe8, 0xb9, 0xce, 0xbc, 0xf6])
    const zip = new yazl.ZipFile()
    for (const file of files.slice(0, 2))
      zip.addBuffer(Buffer.from(file.bytes), `??????/${file.name}`)
    zip.addBuffer(Buffer.from('no DICOM'), '??????.txt')
    zip.end()
    const chunks: Buffer[] = []
    for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    for (let found = bytes.indexOf('??????'); found >= 0; found = bytes.indexOf('??????')) {
      name.copy(bytes, found)
    }
    clearUtf8Flags(bytes)
    await writeFile(at('in', 'windows.zip'), bytes)
    const result = await run(at('in'), '--out', at('out'), '--names', at('names.tsv'))
    expect(result).toMatchObject({ code: 1 })
    expect(reportOf(at('out', 'report.json')).counts).toMatchObject({ written: 2, refused: 1 })
    expect(readFileSync(at('names.tsv'), 'utf8')).toContain('in/windows.zip/김민수.txt\n')
    const written = readdirSync(at('out'), { recursive: true, withFileTypes: true })
    for (const entry of written.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name)
      expect(path).not.toContain('김민수')
      expect(readFileSync(path).includes(name)).toBe(false)
      expect(readFileSync(path).includes('김민수')).toBe(false)
    }
  })

  test('a zip that lies about its sizes costs nothing but a code', async () => {
    const zip = new yazl.ZipFile()
    zip.addBuffer(Buffer.alloc(30_000_000), 'bomb', { compress: true })
    zip.end()
    const chunks: Buffer[] = []
    for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const central = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]))
    bytes.writeUInt32LE(1_000, central + 24)
    await writeFile(at('in', 'bomb.zip'), bytes)
    const result = await run(at('in'), '--out', at('out'))
    expect(result).toMatchObject({ code: 1 })
    expect(reportOf(at('out', 'report.json')).refusals).toMatchObject([{ code: 'DICOM_ARCHIVE' }])
  })

  test('what is no image is refused by code; names of files stay on the terminal', async () => {
    await putFiles(2)
    await writeFile(at('in', 'KIM_MINSU_report.txt'), 'no DICOM')
    const result = await run(at('in'), '--out', at('out'), '--names', at('names.tsv'))
    expect(result).toMatchObject({ code: 1 })
    expect(result.text).not.toContain('KIM')
    const { refusals } = reportOf(at('out', 'report.json'))
    expect(refusals).toMatchObject([{ code: 'DICOM_NOT_PART10' }])
    for (const name of await readdir(at('out'))) {
      if (name.startsWith('report'))
        expect(readFileSync(at('out', name), 'utf8')).not.toContain('KIM')
    }
    const names = readFileSync(at('names.tsv'), 'utf8')
    expect(names).toContain(`${refusals[0]?.input ?? 'none'}\tin/KIM_MINSU_report.txt\n`)
  })

  test('one SOP Instance UID, two contents: both are named, the first stays', async () => {
    await putFiles(1)
    const [file] = files
    const { dataSet: original, transferSyntaxUid } = readDicom(file?.bytes ?? new Uint8Array())
    const other = dataSet([...original.values(), value('00200013', 'IS', '999')])
    await writeFile(at('in', 'zz.dcm'), writeDicom({ transferSyntaxUid, dataSet: other }))
    const moved = dataSet([...original.values(), value('0020000E', 'UI', '1.2.3')])
    await writeFile(at('in', 'zzz.dcm'), writeDicom({ transferSyntaxUid, dataSet: moved }))
    const alone = await run(at('in', file?.name ?? ''), '--out', at('alone'))
    expect(alone).toMatchObject({ code: 0 })
    expect(await run(at('in'), '--out', at('out'))).toMatchObject({ code: 1 })
    const { refusals } = reportOf(at('out', 'report.json'))
    expect(refusals.map(({ code }) => code)).toEqual(Array(2).fill('DEID_SOP_INSTANCE_CONFLICT'))
    // Both stand against the first, which is no other input of the two.
    const [one, two] = refusals
    expect(one?.other).toMatch(/^[0-9a-f]{16}$/)
    expect(two?.other).toBe(one?.other)
    expect([one?.input, two?.input]).not.toContain(one?.other)
    expect(Object.values(tree(at('out')))).toEqual(Object.values(tree(at('alone'))))
  })

  test('two patients with one pseudonym are told apart', async () => {
    const [file] = files
    const { dataSet: original, transferSyntaxUid } = readDicom(file?.bytes ?? new Uint8Array())
    for (let patient = 0; patient < 400; patient++) {
      const own = dataSet([
        ...original.values(),
        value('00100020', 'LO', `P${patient}`),
        value('00080018', 'UI', `1.2.3.${patient}`),
      ])
      await writeFile(at('in', `${patient}.dcm`), writeDicom({ transferSyntaxUid, dataSet: own }))
    }
    // 400 of 10,000: by the birthday bound some eight pairs collide.
    expect(await run(at('in'), '--out', at('out'), '--digits', '4')).toMatchObject({ code: 1 })
    const { refusals, counts } = reportOf(at('out', 'report.json'))
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['DEID_PSEUDONYM_COLLISION']))
    expect(counts['subjects']).toBe(counts['written'])
  })

  test('--dry-run writes the report and nothing else', async () => {
    await putFiles(3)
    const result = await run(at('in'), '--out', at('out'), '--dry-run', '--report', at('r.json'))
    expect(result).toMatchObject({ code: 0 })
    expect(existsSync(at('out'))).toBe(false)
    expect(existsSync(at('pandok-deid.key'))).toBe(false)
    expect((await readdir(folder)).sort()).toEqual(['in', 'r.html', 'r.instances.jsonl', 'r.json'])
    expect(reportOf(at('r.json')).counts).toMatchObject({ written: 3 })
  })

  test('usage and environment: exit 2 and a sentence', async () => {
    await putFiles(1)
    await mkdir(at('full'))
    await copyFile(at('in', files[0]?.name ?? ''), at('full', 'x'))
    await writeFile(at('short.key'), 'AAAA', { mode: 0o600 })
    await writeFile(at('wrong.yaml'), 'name: x\nversion: 1\noptions: [retain-everything]\n')
    const cases: [string[], RegExp][] = [
      [[], /--out is missing/],
      [[at('in')], /--out is missing/],
      [[at('nowhere'), '--out', at('o')], /input 1 does not exist/],
      [[at('in'), '--out', at('full')], /not empty/],
      [[at('in'), '--out', at('in', 'o')], /within what is to be read/],
      [[at('in'), '--out', at('o'), '--key-file', at('short.key')], /DEID_KEY/],
      [[at('in'), '--out', at('o'), '--profile', at('wrong.yaml')], /line 3/],
      [[at('in'), '--out', at('o'), '--jobs', '0'], /--jobs/],
      [[at('in'), '--out', '/proc/nothing'], /file system refused|cannot be written/],
    ]
    for (const [args, sentence] of cases) {
      const { code, text } = await run(...args)
      expect(text).toMatch(sentence)
      expect(text).not.toMatch(/\n\s+at /)
      expect(code).toBe(2)
    }
  })

  test('killed at any point and resumed: the same result, nothing half ever visible', async () => {
    await putManyFiles()
    const key = ['--key-file', at('k')]
    expect(await run(at('in'), '--out', at('whole'), ...key)).toMatchObject({ code: 0 })
    const expected = tree(at('whole'))
    const total = Object.keys(expected).length
    let partly = 0
    for (const visible of [0, 1, 40, 120, 250]) {
      const { child, ended } = start(
        at('in'),
        '--out',
        at('cut'),
        '--resume',
        '--jobs',
        '2',
        ...key,
      )
      await untilVisible(visible, child)
      child.kill('SIGKILL')
      await ended
      if (!existsSync(at('cut'))) continue
      const left = Object.entries(tree(at('cut')))
      if (left.length > 0 && left.length < total) partly++
      for (const [path, hash] of left) {
        expect(expected[path], 'every file under its final name is whole').toBe(hash)
      }
    }
    expect(partly, 'some kills must fall in the middle').toBeGreaterThan(0)
    expect(await run(at('in'), '--out', at('cut'), '--resume', ...key)).toMatchObject({ code: 0 })
    expect(tree(at('cut'))).toEqual(expected)
    expect(await readdir(at('cut'))).not.toContain('.pandok-partial')
  })

  test('killed, the key rotated, resumed: refused until the key is the one that it was', async () => {
    await putManyFiles()
    const cut = [at('in'), '--out', at('cut'), '--key-file', at('k'), '--jobs', '2']
    const { child, ended } = start(...cut)
    await untilVisible(1, child)
    child.kill('SIGKILL')
    await ended
    const [subject = ''] = (await readdir(at('cut'))).filter((name) => name.startsWith('LC'))
    expect(await readdir(at('cut'))).not.toContain('report.json')
    const [old = ''] = (await runKey('show')).split(' ')
    await runKey('rotate')
    const refused = await run(...cut, '--resume')
    expect(refused.text).toContain(`made with key ${old}, not with`)
    expect(refused.code).toBe(2)
    // Asking twice changes nothing.
    expect(await run(...cut, '--resume')).toMatchObject({ code: 2 })
    expect(await run(...cut, '--resume', '--key', old)).toMatchObject({ code: 0 })
    const subjects = (await readdir(at('cut'))).filter((name) => name.startsWith('LC'))
    expect(subjects).toEqual([subject])
  })

  test('a child that dies costs nothing: its files are tried again', async () => {
    await putManyFiles()
    const key = ['--key-file', at('k')]
    expect(await run(at('in'), '--out', at('whole'), ...key)).toMatchObject({ code: 0 })
    const { child, ended } = start(at('in'), '--out', at('out'), '--jobs', '2', ...key)
    await untilVisible(1, child)
    const [victim] = childrenOf(child.pid)
    expect(victim, 'the run was over before a child could be killed').toBeDefined()
    if (victim !== undefined) process.kill(victim, 'SIGKILL')
    expect(await ended).toMatchObject({ code: 0 })
    expect(tree(at('out'))).toEqual(tree(at('whole')))
  })
})

async function runKey(verb: 'show' | 'rotate'): Promise<string> {
  let text = ''
  const say = (more: string) => {
    text += more
  }
  await runKeyCli([verb, at('k')], { out: say, error: say })
  return text
}

/** Enough files that a run can be caught in the middle. */
async function putManyFiles(): Promise<void> {
  for (let copy = 0; copy < 8; copy++) {
    for (const file of files) {
      const { dataSet: slice, transferSyntaxUid } = readDicom(file.bytes)
      const own = dataSet([
        ...slice.values(),
        value('00080018', 'UI', `1.2.3.${copy}.${file.name.replaceAll(/\D/g, '')}`),
      ])
      const bytes = writeDicom({ transferSyntaxUid, dataSet: own })
      await writeFile(at('in', `${copy}-${file.name}`), bytes)
    }
  }
}

/** Until so many outputs stand under their final names, or the run is over. */
async function untilVisible(count: number, child: { exitCode: number | null }): Promise<void> {
  const outs = ['cut', 'out'].map((name) => at(name))
  while (child.exitCode === null) {
    const out = outs.find((each) => existsSync(each))
    try {
      if (out !== undefined && imagesBelow(out).length >= count) return
    } catch {
      // A temporary folder went while it was looked through.
    }
    await sleep(1)
  }
}

/** Linux only, as the rest of what kills here. */
function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}
