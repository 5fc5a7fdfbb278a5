/** A process that foreign bytes are parsed in, with a limit of memory. */
import { type ChildProcess, fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('./deidentify-child.ts', import.meta.url))
const MAX_HEAP_MIB = 512

export function startChild(): ChildProcess {
  return fork(CHILD, {
    execArgv: [`--max-old-space-size=${MAX_HEAP_MIB}`],
    // No secrets in its environment, nothing of its console in our logs.
    env: { NODE_COMPILE_CACHE: getCompileCacheDir() },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
}
