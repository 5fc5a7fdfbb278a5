import type { Handlers } from '../platform/http/handler.ts'
import type { ReviewService } from './service.ts'

export function reviewRoutes(reviews: ReviewService): Pick<Handlers, 'decideReview'> {
  return {
    decideReview: ({ actor, params, body }) => reviews.decide(actor, params.taskId, body),
  }
}
