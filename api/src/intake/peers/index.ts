export { peerRoutes } from './routes.ts'
export { createPeers, importStudyJob } from './service.ts'
