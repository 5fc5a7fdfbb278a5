import type { FileInspection } from '@pandok/anonymizer/web'
import { describe, expect, test } from 'vitest'
import {
  type Mark,
  proposeMarks,
  reviewsOf,
  seriesOf,
  type UploadSeries,
  viewKey,
  viewsToLookAt,
} from './upload-series.ts'

/** Signatures of borders without and with writing, one digit a cell. */
const BLANK = '0'.repeat(112)
const WRITTEN = `z${BLANK.slice(1)}`

const CT: FileInspection = {
  plan: { kind: 'sample' },
  pseudonym: 'P0001',
  seriesInstanceUid: '2.25.1',
  instanceNumber: 1,
  numberOfFrames: 1,
  modality: 'CT',
  rows: 100,
  columns: 200,
  knownRegions: [],
  isAnnounced: false,
  corners: [BLANK],
}
const US: FileInspection = {
  ...CT,
  plan: { kind: 'person', reason: 'written-on' },
  seriesInstanceUid: '2.25.2',
  modality: 'US',
}

function only(files: readonly FileInspection[]): UploadSeries {
  const [series, ...others] = seriesOf(new Map(files.entries()))
  if (series === undefined || others.length > 0) throw new Error('not one series')
  return series
}
const many = (count: number, base: FileInspection, corners: readonly string[] = []) =>
  Array.from({ length: count }, (_, at) => ({
    ...base,
    instanceNumber: at + 1,
    corners: [corners[at] ?? BLANK],
  }))
const views = (series: UploadSeries) => viewsToLookAt(series).map(viewKey)

describe('files by series', () => {
  test('apart by series, by what has to be known, and by size; in order of instance numbers', () => {
    const files: FileInspection[] = [
      { ...CT, instanceNumber: 2 },
      { ...CT, instanceNumber: 1 },
      { ...CT, plan: { kind: 'person', reason: 'not-declared-free' } },
      { ...CT, rows: 50 },
      { ...CT, plan: { kind: 'none' } },
      { ...CT, instanceNumber: undefined },
      US,
    ]
    expect(
      seriesOf(new Map(files.entries())).map(({ plan, files: of }) => [
        plan,
        ...of.map((each) => each.file),
      ]),
    ).toEqual([
      ['sample', 1, 0, 5],
      ['person', 2],
      ['sample', 3],
      ['person', 6],
    ])
  })
})

describe('what the detector looks at', () => {
  test.each<[string, FileInspection[], string[]]>([
    ['one image', many(1, CT), ['0/1']],
    ['first, middle and last', many(5, CT), ['0/1', '2/1', '4/1']],
    [
      'and where the corners change',
      many(6, CT, [BLANK, WRITTEN, BLANK, BLANK, BLANK, BLANK]),
      ['0/1', '1/1', '2/1', '5/1'],
    ],
    [
      'of frames of one file',
      [{ ...CT, numberOfFrames: 4, corners: [BLANK, BLANK, BLANK, BLANK] }],
      ['0/1', '0/2', '0/4'],
    ],
    ['every file that a person looks at', many(4, US), ['0/1', '1/1', '2/1', '3/1']],
    [
      'of a film that a person looks at: first, middle, last',
      [{ ...US, numberOfFrames: 9, corners: Array<string>(9).fill(BLANK) }],
      ['0/1', '0/5', '0/9'],
    ],
    [
      'and all of what a list says to hold text',
      many(6, CT).map((file, at) => ({ ...file, isAnnounced: at === 1 })),
      ['0/1', '1/1', '2/1', '5/1'],
    ],
  ])('%s', (_title, files, expected) => {
    expect(views(only(files))).toEqual(expected)
  })
})

describe('what is proposed', () => {
  const box = { left: 10, top: 10, width: 40, height: 10 }
  const at = (file: number, boxes = [box]) => ({ view: { file, frame: 1 }, boxes })
  test.each<[string, ReturnType<typeof at>[], Partial<Mark>[]]>([
    ['nothing', [at(0, []), at(1, [])], []],
    [
      'the same place in most of them: in all, as wide as the widest',
      [at(0), at(1, [{ ...box, width: 50 }]), at(2, [])],
      [{ ...box, width: 50, reach: 'series', source: 'detector' }],
    ],
    ['in one of them: in that one', [at(0, []), at(1), at(2, [])], [{ ...box, reach: 'file' }]],
    [
      'two places',
      [at(0, [box, { ...box, top: 60 }]), at(1, [])],
      [{ reach: 'file' }, { top: 60, reach: 'file' }],
    ],
  ])('%s', (_title, looked, expected) => {
    expect(proposeMarks(only(many(3, US)), looked)).toMatchObject(expected)
  })

  test('what is known of the device, in all or in the files that it is said of', () => {
    const region = { ...box, frames: 'all' as const }
    const all = many(2, US).map((each) => ({ ...each, knownRegions: [region] }))
    const [one, ...rest] = many(3, US)
    expect(proposeMarks(only(all), [])).toMatchObject([{ reach: 'series', source: 'device' }])
    const series = only(all)
    const seen = [{ view: { file: 0, frame: 1 }, boxes: [{ ...box, left: 12, width: 30 }] }]
    expect(proposeMarks(series, seen)).toHaveLength(1)
    const some = [...(one === undefined ? [] : [{ ...one, knownRegions: [region] }]), ...rest]
    expect(proposeMarks(only(some), [])).toMatchObject([{ reach: 'file', at: { file: 0 } }])
  })
})

describe('what the engine is told', () => {
  const mark = (reach: Mark['reach'], file: number, frame = 1): Mark => ({
    left: 1,
    top: 2,
    width: 3,
    height: 4,
    reach,
    at: { file, frame },
    source: 'person',
  })
  const film: FileInspection = { ...US, numberOfFrames: 3, corners: [BLANK, BLANK, BLANK] }

  test('regions by the reach of each mark', () => {
    const marks = [mark('series', 0), mark('file', 1), mark('frame', 1, 2)]
    const reviews = reviewsOf(only([film, film]), marks, new Set())
    expect(reviews.get(0)?.regions.map(({ frames }) => frames)).toEqual(['all'])
    expect(reviews.get(1)?.regions.map(({ frames }) => frames)).toEqual(['all', 'all', [2]])
    expect(reviews.get(0)?.regions[0]).toEqual({
      left: 1,
      top: 2,
      width: 3,
      height: 4,
      frames: 'all',
    })
  })

  test('of samples only what was seen, every frame of it, or has a box is said to be seen', () => {
    const files = [...many(2, CT), { ...CT, numberOfFrames: 2, corners: [BLANK, BLANK] }, CT]
    const seen = new Set(['0/1', '2/1'])
    const reviews = reviewsOf(only(files), [mark('file', 3)], seen)
    expect(
      [...reviews].sort(([a], [b]) => a - b).map(([, review]) => review?.regions.length),
    ).toEqual([0, undefined, undefined, 1])
  })
})
