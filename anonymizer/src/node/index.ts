/** The anonymizer on a machine with files: the command, and checks in a caged child process. */
export { type CheckPool, createCheckPool, type PoolAnswer } from './check-pool.ts'
export type { CliIo } from './io.ts'
export { loadTextNetwork } from './text-network.ts'
export { type LookedFrame, startTextPool, type TextAnswer, type TextPool } from './text-pool.ts'
