/**
 * Every structural killer ends in the verdict of the list, within two seconds of the processor, and
 * all of them after each other in one process of 512 MiB (promise P4).
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { KILLERS } from './killers.ts'

const MAX_MS = 2_000
const MAX_RSS_MIB = 512

const Line = z.object({
  name: z.string(),
  verdict: z.string(),
  ms: z.number(),
  rssMib: z.number(),
})

/** What is refused, and for what; all others become clean, for they are only unusual. */
const VERDICTS: readonly (readonly [RegExp, string])[] = [
  [/^a deflate bomb/, 'DICOM_TOO_LARGE'],
  [/^sequences \d+ deep|^a sequence (50|200|300) deep/, 'DICOM_DEPTH'],
  [/^a sequence 15 deep/, 'ok'],
  [/^24 MiB of empty/, 'DICOM_TOO_MANY'],
  [/^an offset table/, 'ok'],
  [/^frames: {2}$/, 'DICOM_PIXEL_LENGTH'],
  [/^frames: /, 'DICOM_FRAMES'],
  [/^rows and columns/, 'DICOM_PIXEL_LENGTH'],
  [/^32 MiB of backslashes in DS/, 'DICOM_TOO_MANY'],
  [/^a code of|^32 MiB of backslashes|^16 MiB of/, 'DICOM_LENGTH'],
  [/^6 MiB of/, 'ok'],
  [/^24 MiB of letters|names in many items/, 'DICOM_TOO_MANY'],
  [/^no byte|^one byte|^131 bytes/, 'DICOM_NOT_PART10'],
  [/^DICM only|^a meta group length/, 'DICOM_META_INVALID'],
  [/^an implicit value of/, 'DICOM_LENGTH'],
  [/^an item of/, 'DEID_ITEMS_UNREADABLE'],
  [/ of 0xFFFFFFFE bytes$|^pixel data of 4 GiB/, 'DICOM_TRUNCATED'],
  [/^a null byte in the name/, 'ok'],
  [/^the name twice/, 'DICOM_TAG_ORDER'],
  [/^implicit elements under/, 'DICOM_VR'],
]

describe('structural killers', () => {
  let lines: z.infer<typeof Line>[] = []

  beforeAll(() => {
    const { stdout } = spawnSync(
      process.execPath,
      ['--expose-gc', '--max-old-space-size=512', join(import.meta.dirname, 'kill-child.ts')],
      { encoding: 'utf8', maxBuffer: 1 << 24 },
    )
    lines = stdout
      .trim()
      .split('\n')
      .map((line) => Line.parse(JSON.parse(line)))
  }, 300_000)

  test('each ends in its verdict', () => {
    const expected = Object.keys(KILLERS).map((name) => [
      name,
      VERDICTS.find(([pattern]) => pattern.test(name))?.[1],
    ])
    expect(lines.map(({ name, verdict }) => [name, verdict])).toEqual(expected)
  })

  test('in two seconds and 512 MiB', () => {
    const slowest = Math.max(...lines.map(({ ms }) => ms))
    const most = Math.max(...lines.map(({ rssMib }) => rssMib))
    process.stdout.write(
      `killers: ${lines.length}, slowest ${slowest} ms of the processor, at most ${most} MiB\n`,
    )
    expect(lines.filter(({ ms }) => ms > MAX_MS)).toEqual([])
    expect(most).toBeLessThan(MAX_RSS_MIB)
  })
})
