/**
 * A score like that of the MIDI-B challenge: of all actions that a de-identification of synthetic
 * studies requires, how many are done. Over-removal costs as much as a leak.
 */
import { deidentify, joinChunks, loadProfile, openVault } from '@pandok/anonymizer'
import { loadFrameCodecs } from '@pandok/anonymizer/node/frame-codecs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type OwnRow, ownRows } from '../readers/element-rows.ts'
import { boxesIn, hasDecoders, type MarkedImage, makeImages, pixelsOf, REGIONS } from './images.ts'
import { PEOPLE } from './people.ts'
import { type Answer, type Category, makeStudies, type Study } from './studies.ts'

const TARGET = 0.9995
const research = loadProfile('research-longitudinal')
const profile = loadProfile(
  `name: all-kinds\nversion: 1\noptions: [${[...research.options].join(', ')}]\n` +
    'pixels: { unseen: keep }\n',
)
const vault = openVault(new Uint8Array(32).fill(4), { prefix: 'LC', digits: 5 })

interface Judged extends Answer {
  readonly study: Pick<Study, 'modality'>
  readonly isDone: boolean
  readonly after: string
}

describe('a score like that of MIDI-B', () => {
  let judged: Judged[] = []

  beforeAll(async () => {
    const codecs = await loadFrameCodecs()
    const isJudged = hasDecoders || process.env['CI'] === 'true'
    const images = isJudged ? makeImages(codecs, PEOPLE[0]?.id ?? '') : []
    const settings = { profile: research, vault, codecs }
    judged = [
      ...judgeAll(makeStudies()),
      ...images.flatMap((image) =>
        judgeImage(
          image,
          joinChunks(deidentify(image.bytes, settings, { regions: REGIONS }).chunks),
        ),
      ),
    ]
  })

  test(`at least ${TARGET * 100} % of all actions are done, and none of them is a leak`, () => {
    const categories = new Map<Category, { done: number; all: number }>()
    for (const { category, isDone } of judged) {
      const sum = categories.get(category) ?? { done: 0, all: 0 }
      categories.set(category, { done: sum.done + (isDone ? 1 : 0), all: sum.all + 1 })
    }
    for (const [category, { done, all }] of categories) {
      process.stdout.write(`midi: ${category}: ${done} of ${all}\n`)
    }
    const done = judged.filter(({ isDone }) => isDone).length
    process.stdout.write(
      `midi: ${done} of ${judged.length} actions, ${((done / judged.length) * 100).toFixed(2)} %\n`,
    )
    const failures = judged
      .filter(({ isDone }) => !isDone)
      .map(({ study, category, path, original, after }) =>
        [study.modality, category, path, original, after].join(' | '),
      )
    expect([...new Set(failures)].slice(0, 60)).toEqual([])
    expect(done / judged.length).toBeGreaterThanOrEqual(TARGET)
    expect(judged.length).toBeGreaterThan(5_000)
  })
})

function judgeAll(studies: readonly Study[]): Judged[] {
  const uids = new Map<string, string>()
  const pseudonyms = new Map<string, string>()
  const shifts = new Map<string, number>()
  return studies.flatMap((study) => {
    const result = joinChunks(deidentify(study.bytes, { profile, vault }).chunks)
    const rows = new Map(ownRows(result).map((row) => [row.path, row]))
    return study.answers.map((answer) => {
      const after = textOf(rows.get(answer.path))
      return { ...answer, study, after, isDone: isDone(answer, after, rows.get(answer.path)) }
    })

    function isDone({ category, path, original }: Answer, after: string, row?: OwnRow): boolean {
      switch (category) {
        case 'tag retained':
          return after === original
        case 'tag removed':
          return after !== original && !after.includes(original)
        case 'text retained':
          return words(after).includes(original.replace(/[,;]$/, ''))
        case 'text removed':
          return isGone(original, after)
        case 'date shifted': {
          const days = (utc(after) - utc(original)) / 86_400_000
          const known = shifts.get(study.person.id) ?? days
          shifts.set(study.person.id, known)
          return days === known && days <= -30 && after.slice(8) === original.slice(8)
        }
        case 'UID changed and consistent':
          return after !== original && isConsistent(uids, original, after)
        case 'subject consistent':
          return /^LC\d{5}$/.test(after) && isConsistent(pseudonyms, original, after)
        case 'pixels hidden and retained':
          // Judged image by image.
          return false
        case 'pixels retained':
          return path === '7FE00010' && Buffer.from(row?.bytes ?? []).toString('hex') === original
      }
    }
  })
}

/**
 * An action for every box in every frame, which has to be one value, and one for all that is outside
 * of them in the frame.
 */
function judgeImage(
  { name, bytes, decode, bytesPerPixel }: MarkedImage,
  result: Uint8Array,
): Judged[] {
  const before = Buffer.from(decode(bytes))
  const after = Buffer.from(decode(result))
  const left = new Map<string, Set<string>>()
  const changed = new Set<number>()
  for (const { frame, isMarked, from, to } of pixelsOf(bytesPerPixel)) {
    const pixel = after.subarray(from, to).toString('hex')
    if (isMarked) left.set(`frame ${frame}`, (left.get(`frame ${frame}`) ?? new Set()).add(pixel))
    else if (pixel !== before.subarray(from, to).toString('hex')) changed.add(frame)
  }
  const judge = (path: string, isDone: boolean, count: number): Judged[] =>
    Array.from({ length: count }, () => ({
      category: 'pixels hidden and retained',
      path,
      original: '',
      after: '',
      study: { modality: name },
      isDone,
    }))
  return [1, 2].flatMap((frame) => [
    ...judge(
      `frame ${frame}, hidden`,
      left.get(`frame ${frame}`)?.size === 1,
      boxesIn(frame).length,
    ),
    ...judge(`frame ${frame}, retained`, after.length > 0 && !changed.has(frame), 1),
  ])
}

function textOf(row: OwnRow | undefined): string {
  if (row === undefined) return ''
  const text = row.words ?? Buffer.from(row.bytes).toString('latin1')
  return text.replace(/[\0 ]+$/, '')
}

function words(text: string): string[] {
  return text.split(/[ /,;]+/).concat(text.split(/[ ,;]+/))
}

/** Neither the whole nor a part that says who it is: runs of digits, and words of the name; a month is none. */
function isGone(identifier: string, after: string): boolean {
  const parts = identifier
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part.length >= 4 && part !== 'March')
  const squeezed = after.toLowerCase()
  return (
    !squeezed.includes(identifier.toLowerCase()) &&
    !parts.some((part) => squeezed.includes(part.toLowerCase()))
  )
}

/** One to one, over all files. */
function isConsistent(known: Map<string, string>, original: string, after: string): boolean {
  const before = known.get(original)
  if (before !== undefined) return before === after
  if ([...known.values()].includes(after)) return false
  known.set(original, after)
  return true
}

function utc(date: string): number {
  return Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8)))
}
