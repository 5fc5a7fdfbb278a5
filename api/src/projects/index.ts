export { projectRoutes } from './routes.ts'
export { createProjectService, type ProjectService } from './service.ts'
