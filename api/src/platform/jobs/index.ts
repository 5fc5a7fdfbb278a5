/** Background work: what a job is, how it is enqueued, who does it, what became of it. */
export { AS_IT_IS, codeOf, defineJob, type Job, PostponeJob, type Report } from './define-job.ts'
export { fenced } from './fence.ts'
export { purgeJobHistory } from './purge.ts'
export { addJob } from './queue.ts'
export { jobRoutes } from './routes.ts'
export { createJobService } from './service.ts'
export { QueueEnded, startWorker } from './worker.ts'
