export { cohortRoutes } from './routes.ts'
export { createCohortService, readCohort } from './service.ts'
