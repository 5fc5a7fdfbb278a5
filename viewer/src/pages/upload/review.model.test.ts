import { describe, expect, test } from 'vitest'
import type { WaitingSeries } from '../../data/upload-snapshot.ts'
import {
  cornerAt,
  marksIn,
  nudged,
  reachesOf,
  resized,
  startReview,
  step,
  unseenOf,
} from './review.model.ts'

const still = (file: number) => ({
  file,
  numberOfFrames: 1,
  knownRegions: [],
  isAnnounced: false,
  corners: ['a'],
})
const WAITING: WaitingSeries = {
  series: {
    id: 's',
    pseudonym: 'P0001',
    modality: 'US',
    rows: 100,
    columns: 200,
    plan: 'person',
    reason: 'written-on',
    files: [still(4), { ...still(5), numberOfFrames: 3 }],
  },
  proposed: [
    {
      left: -5,
      top: 90.4,
      width: 30,
      height: 20,
      reach: 'series',
      at: { file: 4, frame: 1 },
      source: 'detector',
    },
  ],
  looked: { frames: 4, of: 4 },
  why: 'written-on',
  toBeSeen: [
    { file: 4, frame: 1 },
    { file: 5, frame: 1 },
  ],
}
const start = startReview(WAITING)
const box = { left: 10, top: 20, width: 30, height: 40 }

test('a proposal lies inside the frame, in whole pixels', () => {
  expect(start.marks).toMatchObject([{ id: 1, left: 0, top: 80, width: 30, height: 20 }])
})

test.each([
  [-3, 0],
  [2, 2],
  [99, 3],
])('going to %d shows view %d', (to, at) => {
  expect(step(start, { kind: 'go', to }).at).toBe(at)
})

test('what was seen counts once; what does not have to be seen does not count', () => {
  const saw = (file: number, frame: number) => ({ kind: 'saw', views: [{ file, frame }] }) as const
  let review = step(start, saw(5, 2))
  expect(unseenOf(review)).toHaveLength(2)
  review = step(step(review, saw(4, 1)), saw(4, 1))
  expect(unseenOf(review)).toEqual([{ file: 5, frame: 1 }])
})

test('a new box is for all images until it is said to be for fewer', () => {
  let review = step(step(start, { kind: 'go', to: 2 }), { kind: 'add', box })
  const mark = review.marks[1]
  if (mark === undefined) throw new Error('no box was added')
  expect(reachesOf(review, mark)).toEqual(['series', 'file', 'frame'])
  expect(marksIn(review, { file: 4, frame: 1 })).toHaveLength(2)
  review = step(review, { kind: 'reach', id: mark.id, reach: 'file' })
  expect(marksIn(review, { file: 4, frame: 1 })).toHaveLength(1)
  expect(marksIn(review, { file: 5, frame: 3 })).toHaveLength(2)
  review = step(review, { kind: 'reach', id: mark.id, reach: 'frame' })
  expect(marksIn(review, { file: 5, frame: 3 })).toHaveLength(1)
  expect(marksIn(review, { file: 5, frame: 2 })).toHaveLength(2)
  review = step(review, { kind: 'remove', id: mark.id })
  expect(review.marks).toHaveLength(1)
})

describe('boxes by keys and pointer', () => {
  test.each([
    ['ArrowLeft', false, { ...box, left: 9 }],
    ['ArrowDown', false, { ...box, top: 21 }],
    ['ArrowRight', true, { ...box, width: 31 }],
    ['ArrowUp', true, { ...box, height: 39 }],
    ['a', false, undefined],
  ])('%s, with shift: %s', (key, isResize, expected) => {
    expect(nudged(box, key, isResize)).toEqual(expected)
  })

  test.each([
    ['se', 60, 80, { left: 10, top: 20, width: 50, height: 60 }],
    ['nw', 0, 0, { left: 0, top: 0, width: 40, height: 60 }],
    ['ne', 50, 10, { left: 10, top: 10, width: 40, height: 50 }],
    ['sw', 70, 70, { left: 40, top: 20, width: 30, height: 50 }],
  ] as const)('the corner %s to %d, %d', (corner, x, y, expected) => {
    expect(resized(box, corner, x, y)).toEqual(expected)
  })

  test.each([
    [11, 21, 'nw'],
    [39, 59, 'se'],
    [25, 40, undefined],
  ])('at %d, %d: %s', (x, y, corner) => {
    expect(cornerAt(box, x, y, 4)).toBe(corner)
  })

  test.each([
    ['pushed out on the right', { ...box, left: 500 }, { left: 170, width: 30 }],
    ['made too small', { ...box, width: -3 }, { left: 10, width: 4 }],
    ['made too large', { ...box, width: 999 }, { left: 0, width: 200 }],
  ])('%s it stays inside', (_title, to, expected) => {
    expect(step(start, { kind: 'place', id: 1, box: to }).marks[0]).toMatchObject(expected)
  })
})
