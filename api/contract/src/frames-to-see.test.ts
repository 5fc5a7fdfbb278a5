import { expect, test } from 'vitest'
import { framesToSee, unseenFrames } from './frames-to-see.ts'

const text = (...frames: number[]) =>
  [{ sha256: 'a', kind: 'text' as const, frames: frames.map((frame) => ({ frame })) }] as const
const notLooked = [{ sha256: 'a', kind: 'not-looked' as const, frames: [{ frame: 2 }] }]

test.each([
  ['a single image', 1, [], [1]],
  ['two frames', 2, [], [1, 2]],
  ['a cine loop: first, middle, last', 60, [], [1, 31, 60]],
  ['a cine loop with text: those frames besides', 60, text(7, 8, 31), [1, 7, 8, 31, 60]],
  ['text in the first frame of many', 9, text(1), [1, 5, 9]],
  ['not looked at: all', 5, notLooked, [1, 2, 3, 4, 5]],
] as const)('%s', (_what, numberOfFrames, findings, frames) => {
  const files = [
    { sha256: 'a', numberOfFrames },
    { sha256: 'b', numberOfFrames: 1 },
  ]
  const asked = framesToSee(files, findings)
  expect(asked).toEqual([
    { sha256: 'a', frames },
    { sha256: 'b', frames: [1] },
  ])
  expect(unseenFrames(asked, asked)).toEqual([])
})

test('one frame of a cine loop is not the loop', () => {
  const asked = framesToSee([{ sha256: 'a', numberOfFrames: 60 }], text(7))
  expect(unseenFrames(asked, [])).toEqual(asked)
  const seen = [
    { sha256: 'a', frames: [31, 2] },
    { sha256: 'b', frames: [1, 7, 60] },
    { sha256: 'a', frames: [60] },
  ]
  expect(unseenFrames(asked, seen)).toEqual([{ sha256: 'a', frames: [1, 7] }])
})
