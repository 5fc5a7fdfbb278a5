export { BUILD_RELEASE, buildReleaseJob } from './build-release.ts'
export { releaseRoutes } from './routes.ts'
export { createReleaseService, type ReleaseService } from './service.ts'
