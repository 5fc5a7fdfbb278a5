export { reviewRoutes } from './routes.ts'
export { createReviewService, type ReviewService } from './service.ts'
