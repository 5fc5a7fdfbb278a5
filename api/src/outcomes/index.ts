export { outcomeRoutes } from './routes.ts'
export { createOutcomeService, type OutcomeService, outcomeAt } from './service.ts'
