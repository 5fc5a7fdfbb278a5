import { expect, test } from 'vitest'
import { cross, orientationLetters, type Point } from './patient-space.ts'

test.each<[Point, string]>([
  [[1, 0, 0], 'L'],
  [[-1, 0, 0], 'R'],
  [[0, 1, 0], 'P'],
  [[0, -1, 0], 'A'],
  [[0, 0, 1], 'H'],
  [[0, 0, -1], 'F'],
  [[0.8, 0.6, 0], 'LP'],
  [[-0.6, 0, 0.8], 'HR'],
  [[0.999, 0.04, 0.01], 'L'],
])('PS3.3 C.7.6.1.1.1: direction %j is %s', (direction, letters) => {
  expect(orientationLetters(direction)).toBe(letters)
})

test('rows to the left and columns to the back make a normal to the head', () => {
  expect(cross([1, 0, 0], [0, 1, 0])).toEqual([0, 0, 1])
})
