import type { Job } from '@pandok/contract'
import { describe, expect, test } from 'vitest'
import { agoOf, attemptsOf, durationOf, refreshMs, sizeOf, sizesOf } from './jobs.model.ts'

const worker = { host: 'reader', pid: 7 }
const lost = { startedAt: 'a', endedAt: 'b', reason: 'ENOSPC', worker }
const JOB: Job = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'archive.store',
  projectKey: 'lung',
  subject: null,
  state: 'queued',
  isCancelling: false,
  attempts: 0,
  reason: null,
  progress: null,
  createdAt: 'a',
  startedAt: null,
  finishedAt: null,
  worker: null,
  pastAttempts: [],
  canCancel: true,
  canRetry: false,
}
const begun = { attempts: 1, startedAt: 'c', worker }

describe('attempts', () => {
  test.each([
    ['waits for its first', {}, []],
    ['runs', { ...begun, state: 'running' }, [['c', undefined, undefined]]],
    ['waits again', { ...begun, reason: 'ENOSPC', pastAttempts: [lost] }, [['a', 'b', 'ENOSPC']]],
    [
      'runs again: the reason is that of the one before',
      { ...begun, state: 'running', attempts: 2, reason: 'ENOSPC', pastAttempts: [lost] },
      [
        ['a', 'b', 'ENOSPC'],
        ['c', undefined, undefined],
      ],
    ],
    [
      'failed',
      { ...begun, state: 'failed', reason: 'EIO', finishedAt: 'd', pastAttempts: [lost] },
      [
        ['a', 'b', 'ENOSPC'],
        ['c', 'd', 'EIO'],
      ],
    ],
    ['done', { ...begun, state: 'done', finishedAt: 'd' }, [['c', 'd', undefined]]],
  ] as const)('%s', (_, parts, shown) => {
    const attempts = attemptsOf({ ...JOB, ...parts } as Job)
    expect(attempts.map((each) => [each.startedAt, each.endedAt, each.reason])).toEqual(shown)
    expect(attempts.map(({ number }) => number)).toEqual(shown.map((_each, at) => at + 1))
  })
})

test.each([
  [undefined, 10_000],
  [{ running: 1, queued: 9 }, 2_000],
  [{ running: 0, queued: 1 }, 4_000],
  [{ running: 0, queued: 0 }, 15_000],
])('%o is asked for again after %i ms', (counts, ms) => {
  expect(refreshMs(counts)).toBe(ms)
})

test.each([
  [0, { unit: 'seconds', seconds: 1 }],
  [59_400, { unit: 'seconds', seconds: 59 }],
  [59_600, { unit: 'minutes', minutes: 1, seconds: 0 }],
  [3_599_000, { unit: 'minutes', minutes: 59, seconds: 59 }],
  [7_260_000, { unit: 'hours', hours: 2, minutes: 1 }],
])('%i ms last %o', (ms, duration) => {
  expect(durationOf(ms)).toEqual(duration)
})

test.each([
  [0, '0 byte'],
  [999, '999 byte'],
  [1_500, '1.5 kB'],
  [123_456_789, '123 MB'],
  [2_500_000_000, '2.5 GB'],
])('%i bytes are %s', (bytes, text) => {
  expect(sizeOf('en', bytes)).toBe(text)
})

test('part and whole have one unit', () => {
  expect(sizesOf('en', 400_000_000, 1_200_000_000)).toEqual({ done: '0.4', of: '1.2 GB' })
  expect(sizesOf('ko', 0, 35_000)).toEqual({ done: '0.0', of: '35.0kB' })
})

test.each([
  [30, 'now'],
  [300, '5 min. ago'],
  [7_300, '2 hr. ago'],
  [90_000, undefined],
])('%i seconds ago', (seconds, text) => {
  const now = Date.parse('2026-01-02T00:00:00Z')
  expect(agoOf('en', new Date(now - seconds * 1_000).toISOString(), now)).toBe(text)
})
