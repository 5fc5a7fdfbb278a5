export { buildReleaseJob } from './build-release.ts'
export { releaseRoutes } from './routes.ts'
export { createReleaseService } from './service.ts'
