import { applyRuns, encodeRuns } from '@pandok/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { mergeStrokes } from './run-map.ts'

const SIZE = 60

/** A valid run list made of a label map and a mask of what the stroke touched. */
const stroke = fc
  .tuple(
    fc.uint8Array({ minLength: SIZE, maxLength: SIZE, max: 3 }),
    fc.uint8Array({ minLength: SIZE, maxLength: SIZE, max: 1 }),
  )
  .map(([values, touched]) => {
    const runs: number[] = []
    touched.forEach((isTouched, at) => {
      if (isTouched === 1) runs.push(at, 1, values[at] ?? 0)
    })
    return runs
  })

test('merging strokes equals painting them one after another', () => {
  fc.assert(
    fc.property(fc.array(stroke, { maxLength: 8 }), (strokes) => {
      const painted = new Uint8Array(SIZE)
      for (const runs of strokes) applyRuns(painted, runs)
      expect(mergeStrokes(strokes)).toEqual(encodeRuns(painted))
    }),
  )
})

test('erasing everything leaves nothing', () => {
  expect(
    mergeStrokes([
      [5, 10, 1],
      [0, 20, 0],
    ]),
  ).toEqual([])
})
