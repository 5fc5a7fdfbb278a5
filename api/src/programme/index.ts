export { programmeRoutes } from './routes.ts'
export { createProgrammeService } from './service.ts'
