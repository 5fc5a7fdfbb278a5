export { intakeRoutes } from './routes.ts'
export { createIntakeService } from './service.ts'
export { removeUnneededBlobs } from './shared-blobs.ts'
export { lockBlobs } from './store.ts'
