/** The unfinished review of a series: it is still there after a look at another series or page. */
import type { WaitingSeries } from '../../data/upload-snapshot.ts'
import { type Review, type ReviewStep, startReview, step } from './review.model.ts'

export interface ReviewDraft {
  readonly subscribe: (listener: () => void) => () => void
  readonly snapshot: () => Review
  readonly step: (by: ReviewStep) => void
}

/** As long as the series waits, and no longer. */
const drafts = new WeakMap<WaitingSeries, ReviewDraft>()

export function draftOf(waiting: WaitingSeries): ReviewDraft {
  const known = drafts.get(waiting)
  if (known !== undefined) return known
  const listeners = new Set<() => void>()
  let review = startReview(waiting)
  const draft: ReviewDraft = {
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    snapshot: () => review,
    step: (by) => {
      review = step(review, by)
      for (const listener of listeners) listener()
    },
  }
  drafts.set(waiting, draft)
  return draft
}
