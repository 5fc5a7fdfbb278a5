/** Verdicts on the work of others: accept, or return with a reason, a comment and pins. */
import { PandokError, type ReturnReason } from '@pandok/contract'
import { isInstanceOfCase, latestSegmentationRevision } from '../annotations/index.ts'
import type { Database } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import { annotateTaskId, finishTask, holdTask } from '../workflow/index.ts'
import * as store from './store.ts'

export interface Verdict {
  readonly assignmentId: string
  readonly verdict: 'accept' | 'return'
  readonly reason?: ReturnReason | undefined
  readonly comment?: string | undefined
  readonly pins: readonly { text: string; sopInstanceUid: string; pointMm: readonly number[] }[]
}

export function createReviewService({ db }: { db: Database }) {
  return {
    reviewsOfCase: (caseId: string) => store.reviewsOfCase(db, caseId),

    decide: (actor: Actor, taskId: string, verdict: Verdict) =>
      db.transaction(async (tx) => {
        const task = await holdTask(tx, actor, taskId, verdict.assignmentId)
        const comment = verdict.comment?.trim() ?? ''
        if (verdict.verdict === 'return' && (verdict.reason === undefined || comment === '')) {
          throw new PandokError('REVIEW_REASON_MISSING')
        }
        for (const pin of verdict.pins) {
          if (!(await isInstanceOfCase(tx, task.caseId, pin.sopInstanceUid))) {
            throw new PandokError('INPUT_INVALID', 'a comment lies on an image of another case')
          }
        }
        const annotateTask = await annotateTaskId(tx, task.caseId)
        const id = await store.insertReview(tx, {
          taskId,
          caseId: task.caseId,
          kind: task.kind,
          round: task.round,
          reviewerId: actor.id,
          verdict: verdict.verdict,
          reason: verdict.reason ?? null,
          comment: comment === '' ? null : comment,
          segmentationRevision: await latestSegmentationRevision(tx, annotateTask),
          pins: verdict.pins,
        })
        await finishTask(tx, actor, task, { kind: 'verdict', verdict: verdict.verdict })
        const review = (await store.reviewsOfCase(tx, task.caseId)).find((each) => each.id === id)
        if (review === undefined) throw new Error('a review just written is not there')
        return review
      }),
  }
}

export type ReviewService = ReturnType<typeof createReviewService>
