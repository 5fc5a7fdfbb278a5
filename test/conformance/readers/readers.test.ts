/**
 * Every output as other programs read it: dcmdump (C++), pydicom (Python) and dicom-parser
 * (JavaScript) must find the same elements with the same values at every level that our own reader
 * finds, and dciodvfy no error that the original did not have. One process for each program.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { framePlaces, readDicom } from '@pandok/anonymizer/dicom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { FrameIndex, readFrame } from '../../../api/src/platform/frame-index.ts'
import { asDumped, comparable, parseDump } from './dcmdump.ts'
import { dicomParserRows, type ElementRow, type OwnRow, ownRows, sha1 } from './element-rows.ts'
import { makeOutputs, type Output } from './outputs.ts'

const DATA = join(import.meta.dirname, '../../../../shared/data')
const isCi = process.env['CI'] === 'true'
const hasJudge = (path: string) => existsSync(path) || isCi

const PydicomRows = z.array(
  z.tuple([z.string(), z.string(), z.number(), z.string()]).rest(z.string()),
)

describe.skipIf(!existsSync(DATA) && !isCi)('readers', () => {
  let folder = ''
  let outputs: Output[] = []
  let own: OwnRow[][] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pandok-readers-'))
    outputs = makeOutputs(DATA, folder)
    own = outputs.map(({ path }) => ownRows(readFileSync(path)))
    expect(outputs.length).toBeGreaterThan(500)
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  /** Names of the files with the first row in which they differ. */
  function differences(name: string, rowsOf: (at: number) => readonly [string[], string[]]) {
    const differing: string[] = []
    let rows = 0
    outputs.forEach((output, at) => {
      const [ours, theirs] = rowsOf(at)
      rows += ours.length
      const first = ours.findIndex((row, index) => row !== theirs[index])
      if (first !== -1 || ours.length !== theirs.length) {
        const where = first === -1 ? ours.length : first
        differing.push(`${output.name}: ${ours[where] ?? 'none'} | ${theirs[where] ?? 'none'}`)
      }
    })
    process.stdout.write(
      `readers: ${name}: ${outputs.length} files, ${rows} elements, ${differing.length} files differ\n`,
    )
    return differing
  }

  test('dicom-parser', () => {
    const differing = differences('dicom-parser', (at) => [
      (own[at] ?? []).map(line),
      dicomParserRows(readFileSync(outputs[at]?.path ?? '')).map(line),
    ])
    expect(differing).toEqual([])
  })

  test.skipIf(!hasJudge('/usr/lib/python3/dist-packages/pydicom'))(
    'pydicom, texts as they read included',
    async () => {
      const script = join(import.meta.dirname, 'elements.py')
      const text = await run(
        '/usr/bin/python3',
        [script],
        outputs.map(({ path }) => path).join('\n'),
      )
      const files = text
        .trim()
        .split('\n')
        .map((each) => PydicomRows.parse(JSON.parse(each)))
      const differing = differences('pydicom', (at) => [
        (own[at] ?? []).map((row) => [line(row), ...wordsOf(row.words)].join('\t')),
        (files[at] ?? []).map(([path, vr, length, digest, ...words]) =>
          [line({ path, vr, length, digest }), ...words.flatMap(wordsOf)].join('\t'),
        ),
      ])
      expect(differing).toEqual([])
    },
  )

  test.skipIf(!hasJudge('/usr/lib/python3/dist-packages/pydicom'))(
    'every frame read by its place is the one that pydicom finds',
    async () => {
      const script = join(import.meta.dirname, 'frames.py')
      // Generated ones have no image that could be decoded.
      const files = outputs.filter(({ source }) => source !== undefined)
      const paths = files.map(({ path }) => path)
      const text = await run('/usr/bin/python3', [script], paths.join('\n'))
      const theirs = text
        .split('\n')
        .map((each) => (each === '' ? [] : Hashes.parse(JSON.parse(each))))
      const ours = await Promise.all(paths.map(frameHashes))
      const differing = files.filter((_, at) => ours[at]?.join() !== theirs[at]?.join())
      process.stdout.write(
        `readers: ${ours.flat().length} frames of ${ours.filter(({ length }) => length > 0).length} ` +
          `files read by their place, of ${differing.length} files they differ\n`,
      )
      expect(differing.map(({ name }) => name)).toEqual([])
      expect(ours.flat().length).toBeGreaterThan(900)
    },
  )

  test.skipIf(!hasJudge('/usr/bin/dcmdump'))('dcmdump', async () => {
    const options = ['-q', '-dc', '+F', '+L', '-Un', '+Qo', '-M']
    const files = parseDump(await run('dcmdump', [...options, ...outputs.map(({ path }) => path)]))
    const differing = differences('dcmdump', (at) => [
      (own[at] ?? []).map((row) => comparable(asDumped(row), false)),
      (files[at] ?? []).map((row) => comparable(row, true)),
    ])
    expect(differing).toEqual([])
  })

  test('tags ascend at every level, and our UIDs are 2.25 with 128 bits', () => {
    const uids = new Set<string>()
    for (const rows of own) {
      const last = new Map<string, string>()
      for (const { path, vr, bytes } of rows) {
        const level = path.slice(0, -8)
        const tag = path.slice(-8)
        expect(tag > (last.get(level) ?? ''), path).toBe(true)
        last.set(level, tag)
        if (vr !== 'UI') continue
        for (const uid of Buffer.from(bytes).toString('latin1').replaceAll('\0', '').split('\\')) {
          if (uid.startsWith('2.25.')) uids.add(uid.slice(5))
        }
      }
    }
    const numbers = [...uids].map(BigInt)
    expect(numbers.every((number) => number < 2n ** 128n)).toBe(true)
    // Of evenly spread numbers of 128 bits, half have the highest bit.
    const high = numbers.filter((number) => number >= 2n ** 127n).length
    process.stdout.write(`readers: ${uids.size} UIDs, ${high} with the highest of 128 bits\n`)
    expect(high / uids.size).toBeGreaterThan(0.45)
    expect(high / uids.size).toBeLessThan(0.55)
  })

  test('pixel data of every file is that of its original, by hash', () => {
    let compared = 0
    const differing = outputs.flatMap((output, at) => {
      if (output.source === undefined) return []
      const [before, after] = [ownRows(readFileSync(output.source)), own[at] ?? []].map((rows) =>
        rows.filter(({ path }) => /^7FE000(08|09|10)$/.test(path)).map(pixelDigest),
      )
      compared += before?.length ?? 0
      return before?.join() === after?.join() ? [] : [output.name]
    })
    process.stdout.write(`readers: pixel data of ${compared} files, ${differing.length} differ\n`)
    expect(differing).toEqual([])
    expect(compared).toBeGreaterThan(400)
  })

  test.skipIf(!hasJudge('/usr/bin/dciodvfy'))(
    'dciodvfy: no error is added',
    async () => {
      const pairs = outputs.filter(({ source }) => source !== undefined)
      const script = 'while IFS= read -r file; do echo "@@ $file"; dciodvfy "$file" 2>&1; done'
      const said = await run(
        'sh',
        ['-c', script],
        `${pairs.flatMap(({ source = '', path }) => [source, path]).join('\n')}\n`,
      )
      const errors = said
        .split(/^@@ .*$/m)
        .slice(1)
        .map(errorsOf)
      let before = 0
      const added = pairs.flatMap(({ name }, at) => {
        const original = errors[at * 2] ?? new Set()
        before += original.size
        return [...(errors[at * 2 + 1] ?? [])]
          .filter((error) => !original.has(error))
          .map((error) => `${name}: ${error}`)
      })
      process.stdout.write(
        `readers: dciodvfy: ${pairs.length} files, ${before} kinds of errors before, ${added.length} added\n`,
      )
      expect(added).toEqual([])
    },
    240_000,
  )
})

const Hashes = z.array(z.string())

/** As the archive reads them: by the index that the check made, through JSON. */
async function frameHashes(path: string): Promise<string[]> {
  const file = readFileSync(path)
  const json: unknown = JSON.parse(JSON.stringify(framePlaces(file, readDicom(file))))
  const frames = FrameIndex.parse(json)
  const blobs = {
    read: (_area: string, _sha256: string, range?: { offset: number; length: number }) =>
      Promise.resolve(file.subarray(range?.offset, (range?.offset ?? 0) + (range?.length ?? 0))),
  }
  const read = frames.map((_, at) => readFrame(blobs, 'archive', { sha256: '', frames }, at + 1))
  return (await Promise.all(read)).map((frame) => sha1(frame ?? Buffer.alloc(0)))
}

function line({ path, vr, length, digest }: ElementRow): string {
  return [path, vr, length, digest].join('\t')
}

/** A missing pad byte is added. */
function pixelDigest({ digest, length, bytes }: OwnRow): string {
  return length > 0 && length % 2 === 1 ? sha1(Buffer.concat([bytes, Buffer.alloc(1)])) : digest
}

/** Padding and what stands for nothing between backslashes differ by reader; words do not. */
function wordsOf(words: string | undefined): string[] {
  if (words === undefined) return []
  return [
    words
      .split('\\')
      .map((each) => each.replace(/[\0 ]+$/, '').trim())
      .join('\\'),
  ]
}

/** Without the values and UIDs in them, which differ. */
function errorsOf(said: string): Set<string> {
  return new Set(
    said
      .split('\n')
      .filter((each) => each.startsWith('Error'))
      .map((each) => each.replace(/<[^>]*>/g, '<>').replace(/\[[^\]]*\]/g, '[]')),
  )
}

async function run(command: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  const pieces: Buffer[] = []
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  await once(child, 'close')
  return Buffer.concat(pieces).toString()
}
