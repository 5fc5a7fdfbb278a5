import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyRuns, encodeRuns, Runs } from './segmentation-runs.ts'

test('encode then apply gives the label map back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 3, maxLength: 400 }), (labelmap) => {
      const copy = new Uint8Array(labelmap.length)
      const runs = encodeRuns(labelmap)
      expect(Runs.safeParse(runs).success).toBe(true)
      applyRuns(copy, runs)
      expect(copy).toEqual(labelmap)
    }),
  )
})

test.each([
  ['not triples', [1, 2]],
  ['zero length', [0, 0, 1]],
  ['overlap', [0, 5, 1, 4, 2, 1]],
  ['descending', [9, 1, 1, 0, 1, 1]],
  ['segment over 255', [0, 1, 256]],
])('refuses runs: %s', (_name, runs) => {
  expect(Runs.safeParse(runs).success).toBe(false)
})

test('a run outside is refused before anything else is read as done', () => {
  expect(() => {
    applyRuns(new Uint8Array(4), [3, 2, 1])
  }).toThrow(RangeError)
})
