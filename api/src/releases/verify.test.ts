import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import yauzl from 'yauzl'
import yazl from 'yazl'
import { runVerifyCli, verifyRelease } from './verify.ts'
import { createReleaseZip, Manifest } from './zip.ts'

const ABOUT = {
  project: 'lung',
  release: 1,
  createdAt: '2026-01-02T03:04:05.000Z',
  cases: [{ pseudonym: 'LC00001', segmentationRevision: 2, outcomeRevision: 1 }],
}
const FILES: readonly (readonly [string, Uint8Array])[] = [
  ['cases/LC00001/segmentation.dcm', Buffer.alloc(400_000, 'abcdefg')],
  ['cases/LC00001/mask.nii.gz', Buffer.alloc(300_000, 7)],
  ['outcomes.csv', Buffer.from('case_id\r\nLC00001\r\n')],
  ['empty.txt', new Uint8Array()],
]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pandok-zip-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function makeRelease(name: string, files = FILES): Promise<string> {
  const path = join(folder, name)
  const zip = createReleaseZip()
  const written = pipeline(zip.output, createWriteStream(path))
  for (const [file, bytes] of files) await zip.add(file, bytes)
  zip.finish(ABOUT)
  await written
  return path
}

/** A zip that our writer would not make: entries as given, with the manifest of FILES. */
async function makeForged(
  entries: readonly (readonly [string, Uint8Array, number?])[],
): Promise<string> {
  const { files } = await manifestOf(await makeRelease('model.zip'))
  const path = join(folder, 'forged.zip')
  const zip = new yazl.ZipFile()
  const manifest = { schema: 'pandok-release-1', ...ABOUT, files }
  for (const [name, bytes, mode] of entries) {
    zip.addBuffer(Buffer.from(bytes), name, { compress: false, mode: mode ?? 0o100644 })
  }
  zip.addBuffer(Buffer.from(JSON.stringify(manifest)), 'manifest.json')
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(path))
  return path
}

async function manifestOf(path: string): Promise<Manifest> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true })
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName !== 'manifest.json') continue
    return Manifest.parse(JSON.parse(await text(await zip.openReadStreamPromise(entry))))
  }
  throw new Error('no manifest')
}

/** Replaces bytes of the same length, every time they occur. */
async function patch(path: string, from: string, to: string): Promise<string> {
  const bytes = await readFile(path)
  let at = bytes.indexOf(from)
  expect(at).toBeGreaterThan(-1)
  for (; at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at, 'latin1')
  const patched = join(folder, 'patched.zip')
  await writeFile(patched, bytes)
  return patched
}

const codesOf = async (path: string) =>
  (await verifyRelease(path)).problems.map(({ code, path: file }) => `${code} ${file}`)

describe('a whole release', () => {
  test('is ok, and its manifest is sorted and complete', async () => {
    const path = await makeRelease('whole.zip')
    expect(await verifyRelease(path)).toEqual({ ok: true, problems: [], files: 4, cases: 1 })
    const { files } = await manifestOf(path)
    expect(files.map((file) => file.path)).toEqual(FILES.map(([name]) => name).sort())
  })

  test('has the same bytes in every time zone', async () => {
    const zone = process.env['TZ']
    try {
      const made: Buffer[] = []
      for (const tz of ['Pacific/Honolulu', 'Asia/Seoul', 'UTC']) {
        process.env['TZ'] = tz
        made.push(await readFile(await makeRelease('zone.zip')))
      }
      expect(made[1]?.equals(made[0] ?? Buffer.alloc(0))).toBe(true)
      expect(made[2]?.equals(made[0] ?? Buffer.alloc(0))).toBe(true)
    } finally {
      if (zone === undefined) delete process.env['TZ']
      else process.env['TZ'] = zone
    }
  })
})

describe('what is wrong is named', () => {
  test('a file whose bytes were changed, and only it', async () => {
    const path = await makeForged(
      FILES.map(([name, bytes]) => [
        name,
        name === 'outcomes.csv' ? Buffer.from('case_id\r\nLC00002\r\n') : bytes,
      ]),
    )
    expect(await codesOf(path)).toEqual(['FILE_CHANGED outcomes.csv'])
  })

  test('damaged bytes in one file do not hide the others', async () => {
    const path = await makeForged(FILES)
    expect(await codesOf(await patch(path, 'LC00001\r\n', 'LC0000X\r\n'))).toEqual([
      'FILE_UNREADABLE outcomes.csv',
    ])
  })

  test('missing, unlisted and double files', async () => {
    const extra = ['more.txt', Buffer.from('x')] as const
    const twin = ['Outcomes.CSV', Buffer.from('x')] as const
    expect(await codesOf(await makeForged([...FILES.slice(1), extra, twin]))).toEqual([
      'FILE_TWICE Outcomes.CSV',
      'FILE_MISSING cases/LC00001/segmentation.dcm',
      'FILE_UNLISTED more.txt',
      'FILE_UNLISTED Outcomes.CSV',
    ])
  })

  test.each([
    ['up', 'aa/evil.txt', '../evil.txt'],
    ['absolute', 'a/evil.txt', '//evil.txt'],
    ['backslash', 'a/evil.txt', 'a\\evil.txt'],
    ['control character', 'a/evil.txt', 'a/ev\u0007l.txt'],
    ['device', 'aaa4.txt', 'COM4.txt'],
  ])('an unsafe name: %s', async (_name, safe, unsafe) => {
    const path = await makeForged([...FILES, [safe, Buffer.from('x')]])
    expect(await codesOf(await patch(path, safe, unsafe))).toEqual([
      `PATH_UNSAFE ${unsafe}`,
      `FILE_UNLISTED ${unsafe}`,
    ])
  })

  test('a symbolic link, even one that is listed', async () => {
    const path = await makeForged(
      FILES.map(([name, bytes]) => [name, bytes, name === 'empty.txt' ? 0o120777 : 0o100644]),
    )
    expect(await codesOf(path)).toEqual(['PATH_UNSAFE empty.txt'])
  })

  test('a local name that differs from the one in the directory', async () => {
    const path = await makeForged(FILES)
    const bytes = await readFile(path)
    // The first occurrence is in the local header, before the data.
    bytes.write('emptY.txt', bytes.indexOf('empty.txt'), 'latin1')
    await writeFile(path, bytes)
    expect(await codesOf(path)).toEqual(['PATH_UNSAFE empty.txt'])
  })

  test('no manifest, a wrong manifest, no zip, nothing', async () => {
    const path = await makeForged(FILES)
    expect(await codesOf(await patch(path, 'manifest.json', 'manifesT.json'))).toContain(
      'MANIFEST_MISSING manifest.json',
    )
    const wrong = join(folder, 'wrong.zip')
    const zip = new yazl.ZipFile()
    zip.addBuffer(Buffer.from('{"schema":"other"}'), 'manifest.json')
    zip.end()
    await pipeline(zip.outputStream, createWriteStream(wrong))
    expect(await codesOf(wrong)).toEqual(['MANIFEST_INVALID manifest.json'])
    await writeFile(wrong, 'not a zip')
    expect(await codesOf(wrong)).toEqual([`NOT_A_ZIP ${wrong}`])
    const cut = await readFile(path)
    await writeFile(wrong, cut.subarray(0, cut.length / 2))
    expect(await codesOf(wrong)).toEqual([`NOT_A_ZIP ${wrong}`])
    expect(await codesOf(join(folder, 'absent.zip'))).toEqual([
      `CANNOT_READ ${join(folder, 'absent.zip')}`,
    ])
  })
})

describe('the command', () => {
  const run = async (...args: string[]) => {
    const said = { out: '', error: '' }
    const code = await runVerifyCli(args, {
      out: (text) => {
        said.out += text
      },
      error: (text) => {
        said.error += text
      },
    })
    return { code, ...said }
  }

  test('0 for a whole release', async () => {
    expect(await run(await makeRelease('cli.zip'))).toEqual({
      code: 0,
      out: 'OK: 4 files of 1 cases are whole\n',
      error: '',
    })
  })

  test('1 when it is not, and no control character reaches the terminal', async () => {
    const path = await makeForged([...FILES, ['a\u001b[2Jb', Buffer.from('x')]])
    const { code, out, error } = await run(path)
    expect([code, out]).toEqual([1, 'NOT OK: 2 problems\n'])
    expect(error).toContain('PATH_UNSAFE a?[2Jb: ')
  })

  test('2 for a wrong use or no file', async () => {
    expect((await run()).code).toBe(2)
    expect((await run('--help')).code).toBe(2)
    expect((await run(join(folder, 'absent.zip'))).code).toBe(2)
  })
})
