import { expect, test } from 'vitest'
import { createPace } from './pace.ts'

test('the pace is that of the last twenty seconds', () => {
  let ms = 0
  const paceOf = createPace(() => ms)
  const at = (seconds: number, done: number) => {
    ms = seconds * 1000
    return paceOf({ done, of: 1_000 })
  }
  expect(at(0, 0)).toBeUndefined()
  expect(at(1, 50)).toBeUndefined()
  expect(at(10, 100)).toEqual({ bytesPerSecond: 10, secondsLeft: 90 })
  expect(at(40, 700)).toEqual({ bytesPerSecond: 20, secondsLeft: 15 })
  expect(at(41, 1_000)?.secondsLeft).toBe(0)
})
