export { type Collector, closeQuietJob, createCollector } from './collector.ts'
export type { Sender } from './store.ts'
