import type { TaskKind } from '@pandok/contract'
import { expect, test } from 'vitest'
import { moveOf, type WorkEvent } from './transitions.ts'

const submitted: WorkEvent = { kind: 'submitted' }
const accept: WorkEvent = { kind: 'verdict', verdict: 'accept' }
const back: WorkEvent = { kind: 'verdict', verdict: 'return' }

test.each<[TaskKind, WorkEvent, string | undefined, string | undefined]>([
  ['annotate', submitted, 'review-1', 'review-1 ready'],
  ['annotate', accept, undefined, undefined],
  ['annotate', back, undefined, undefined],
  ['review-1', submitted, undefined, undefined],
  ['review-1', accept, 'review-2', 'review-2 ready'],
  ['review-1', back, 'annotate', 'annotate returned'],
  ['review-2', submitted, undefined, undefined],
  ['review-2', accept, 'accepted', undefined],
  ['review-2', back, 'annotate', 'annotate returned'],
])('%s, %o → %s', (kind, event, stage, open) => {
  const move = moveOf(kind, event)
  expect(move?.stage).toBe(stage)
  expect(move?.open && `${move.open.kind} ${move.open.status}`).toBe(open)
})
