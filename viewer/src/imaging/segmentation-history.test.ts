import { applyRuns, Runs } from '@pandok/contract'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHistory, strokeBetween } from './segmentation-history.ts'

const states = fc.integer({ min: 1, max: 80 }).chain((length) =>
  fc.array(fc.uint8Array({ minLength: length, maxLength: length, max: 2 }), {
    minLength: 2,
    maxLength: 8,
  }),
)

test('undoing everything and redoing everything walks the same states back and forth', () => {
  fc.assert(
    fc.property(states, (list) => {
      const history = createHistory()
      for (const [at, state] of list.slice(1).entries()) {
        history.push(strokeBetween(list[at] ?? state, state, 0))
      }
      const labelmap = Uint8Array.from(list.at(-1) ?? [])
      for (const state of list.slice(0, -1).reverse()) {
        applyRuns(labelmap, history.undo() ?? [])
        expect(labelmap).toEqual(state)
      }
      expect(history.undo()).toBeUndefined()
      for (const state of list.slice(1)) {
        applyRuns(labelmap, history.redo() ?? [])
        expect(labelmap).toEqual(state)
      }
      expect(history.redo()).toBeUndefined()
    }),
  )
})

test('a stroke is a valid run list with its offset', () => {
  const { before, after } = strokeBetween([0, 0, 1, 1], [2, 2, 1, 0], 100)
  expect(after).toEqual([100, 2, 2, 103, 1, 0])
  expect(before).toEqual([100, 2, 0, 103, 1, 1])
  expect(Runs.safeParse(after).success).toBe(true)
})

test('a new stroke forgets what was undone', () => {
  const history = createHistory()
  history.push({ before: [0, 1, 0], after: [0, 1, 1] })
  history.undo()
  history.push({ before: [5, 1, 0], after: [5, 1, 1] })
  expect(history.canRedo()).toBe(false)
})
