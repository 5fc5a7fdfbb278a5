export { intakeRoutes } from './routes.ts'
export { createIntakeService, type IntakeService } from './service.ts'
