export { LOOK_AT_UPLOAD, lookAtUploadJob } from './look-job.ts'
export type { Looker } from './looker.ts'
export { startLooker } from './start-looker.ts'
