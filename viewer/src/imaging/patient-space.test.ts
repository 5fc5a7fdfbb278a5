import type { SeriesGeometry } from '@pandok/contract'
import { expect, test } from 'vitest'
import { cross, nearestInside, orientationLetters, type Point } from './patient-space.ts'

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

/** Slices from the head down, as many scanners number them. */
const series: SeriesGeometry = {
  studyInstanceUid: '1',
  seriesInstanceUid: '2',
  frameOfReferenceUid: '3',
  sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
  modality: 'CT',
  seriesDescription: null,
  findings: [],
  isVolume: true,
  rows: 11,
  columns: 21,
  rowSpacingMm: 1,
  columnSpacingMm: 2,
  sliceSpacingMm: 5,
  orientation: [1, 0, 0, 0, 1, 0],
  positions: [
    [-20, -5, 30],
    [-20, -5, 25],
    [-20, -5, 20],
  ],
  sopInstanceUids: ['a', 'b', 'c'],
}

test.each<[string, Point, Point]>([
  ['inside stays', [0, 0, 24], [0, 0, 24]],
  ['left of it', [99, 0, 24], [20, 0, 24]],
  ['before and below it', [0, -99, -99], [0, -5, 20]],
  ['above it', [0, 99, 99], [0, 5, 30]],
])('the nearest point of the volume: %s', (_what, point, nearest) => {
  expect(nearestInside(series, point)).toEqual(nearest)
})
