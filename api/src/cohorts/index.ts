export { cohortRoutes } from './routes.ts'
export { type CohortService, createCohortService, readCohort } from './service.ts'
