import { expect, test } from 'vitest'
import { words } from './words.ts'

test.each([
  [1, 1, '1 image'],
  [3, 3, '3 images'],
  [1, 60, '1 image, 60 frames'],
  [2, 61, '2 images, 61 frames'],
])('%i files with %i frames: %s', (files, frames, said) => {
  expect(words.size(files, frames)).toBe(said)
})
