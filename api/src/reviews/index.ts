export { reviewRoutes } from './routes.ts'
export { createReviewService } from './service.ts'
