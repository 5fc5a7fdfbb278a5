export { programmeRoutes } from './routes.ts'
export { createProgrammeService, type ProgrammeService } from './service.ts'
