/** The anonymizer on a machine with files: the command, and work on foreign bytes in caged child processes. */
export { type CheckPool, createCheckPool, type PoolAnswer } from './check-pool.ts'
export {
  type CleanAnswer,
  type CleanPool,
  type CleanSettings,
  createCleanPool,
} from './clean-pool.ts'
export type { CliIo } from './io.ts'
export { createNamesPool, type NamesPool } from './names-pool.ts'
export { type PixelPool, startPixelPool } from './pixel-pool.ts'
export { loadTextNetwork } from './text-network.ts'
export { type LookedFrame, startTextPool, type TextAnswer, type TextPool } from './text-pool.ts'
