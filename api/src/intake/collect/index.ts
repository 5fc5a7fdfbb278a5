export { CLOSE_QUIET, type Collector, closeQuietJob, createCollector } from './collector.ts'
export type { Sender } from './store.ts'
