import { expect, test } from 'vitest'
import { inParallel } from './parallel.ts'

test('no more than the limit at once, each item once', async () => {
  let running = 0
  let most = 0
  const done: number[] = []
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running)
    await new Promise((wake) => setTimeout(wake, 1))
    running--
    done.push(item)
  })
  expect(most).toBe(3)
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('after a fault none begins; those under way end before it is thrown', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const all = inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    begun.push(item)
    if (item === 1) throw new Error('no')
    await new Promise((wake) => setTimeout(wake, 5))
    ended.push(item)
  })
  await expect(all).rejects.toThrow('no')
  expect(begun).toEqual([1, 2])
  expect(ended).toEqual([2])
})
