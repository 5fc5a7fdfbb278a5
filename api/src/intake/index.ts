export {
  type Collector,
  closeQuietJob,
  createCollector,
  type Sender,
} from './collect/index.ts'
export { createDimseServer, createReceivers, receiverRoutes } from './dimse/index.ts'
export { createPeers, importStudyJob, peerRoutes } from './peers/index.ts'
export { intakeRoutes } from './routes.ts'
export { createIntakeService } from './service.ts'
export { removeUnneededBlobs } from './shared-blobs.ts'
export { lockBlobs, neededBlobs } from './store.ts'
export { createStow, stowRoutes } from './stow/index.ts'
export { removeUnfinishedJob } from './unfinished.ts'
