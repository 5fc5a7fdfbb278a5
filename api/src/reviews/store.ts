/** Verdicts and their pins in SQL. */
import { PointMm, Review } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const ReviewRow = z
  .object({
    id: z.string(),
    task_id: z.string(),
    kind: Review.shape.kind,
    round: z.number(),
    verdict: Review.shape.verdict,
    reason: Review.shape.reason,
    comment: z.string().nullable(),
    segmentation_revision: z.number(),
    created_at: z.date(),
    reviewer_id: z.string(),
    username: z.string(),
    display_name: z.string(),
    pins: z.array(
      z.object({ id: z.string(), text: z.string(), sopInstanceUid: z.string(), pointMm: PointMm }),
    ),
  })
  .transform((row) => ({
    id: row.id,
    taskId: row.task_id,
    kind: row.kind,
    round: row.round,
    verdict: row.verdict,
    reason: row.reason,
    comment: row.comment,
    segmentationRevision: row.segmentation_revision,
    createdAt: row.created_at.toISOString(),
    reviewer: { id: row.reviewer_id, username: row.username, displayName: row.display_name },
    pins: row.pins,
  }))

export async function reviewsOfCase(db: Queryable, caseId: string) {
  return await db.many(
    ReviewRow,
    `select r.id, r.task_id, r.kind, r.round, r.verdict, r.reason, r.comment,
            r.segmentation_revision, r.created_at, r.reviewer_id, p.username, p.display_name,
            coalesce((select json_agg(json_build_object('id', pin.id, 'text', pin.text,
                'sopInstanceUid', pin.sop_instance_uid, 'pointMm', pin.point_mm))
              from review_pin pin where pin.review_id = r.id), '[]') as pins
       from review r join person p on p.id = r.reviewer_id
      where r.case_id = $1 order by r.created_at`,
    [caseId],
  )
}

export async function insertReview(
  tx: Transaction,
  review: {
    taskId: string
    caseId: string
    kind: string
    round: number
    reviewerId: string
    verdict: string
    reason: string | null
    comment: string | null
    segmentationRevision: number
    pins: readonly { text: string; sopInstanceUid: string; pointMm: readonly number[] }[]
  },
): Promise<string> {
  const { id } = await tx.one(
    z.object({ id: z.string() }),
    `insert into review (task_id, case_id, kind, round, reviewer_id, verdict, reason, comment,
                         segmentation_revision)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
    [
      review.taskId,
      review.caseId,
      review.kind,
      review.round,
      review.reviewerId,
      review.verdict,
      review.reason,
      review.comment,
      review.segmentationRevision,
    ],
  )
  for (const pin of review.pins) {
    await tx.run(
      'insert into review_pin (review_id, text, sop_instance_uid, point_mm) values ($1, $2, $3, $4)',
      [id, pin.text, pin.sopInstanceUid, JSON.stringify(pin.pointMm)],
    )
  }
  return id
}
