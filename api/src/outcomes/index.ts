export { outcomeRoutes } from './routes.ts'
export { createOutcomeService, outcomeAt } from './service.ts'
