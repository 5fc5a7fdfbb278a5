export { intakeRoutes } from './routes.ts'
export { createIntakeService, type IntakeService } from './service.ts'
export { removeUnneededBlobs } from './shared-blobs.ts'
export { lockBlobs } from './store.ts'
