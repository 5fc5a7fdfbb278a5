/** The anonymizer on a machine with files: the command, and checks in a caged child process. */
export { type CheckPool, createCheckPool, type PoolAnswer } from './check-pool.ts'
export type { CliIo } from './io.ts'
