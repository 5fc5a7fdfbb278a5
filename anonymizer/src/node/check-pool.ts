/**
 * Checks files in a child process with a memory and a time limit, so that a hostile file costs one
 * small process and a refusal (worker threads do not hold such limits).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { CheckResult, PseudonymFormat } from '../index.ts'
import { askChild } from './ask-child.ts'

export type PoolAnswer =
  | { readonly kind: 'checked'; readonly result: CheckResult }
  /** `code`: a DicomErrorCode, CHECK_TIMEOUT, CHECK_CRASHED or CHECK_INTERNAL. */
  | { readonly kind: 'failed'; readonly code: string }

export interface CheckRequest {
  readonly path: string
  /** As loadProfile takes it: a name or the text of a file. */
  readonly profile: string
  readonly format: PseudonymFormat
}

export interface CheckPool {
  /** One file after another; the pool is for one caller at a time. */
  readonly check: (request: CheckRequest) => Promise<PoolAnswer>
  readonly close: () => void
}

const CHILD = fileURLToPath(new URL('./check-child.ts', import.meta.url))
const MAX_HEAP_MIB = 512

export function createCheckPool(options: { timeoutMs?: number } = {}): CheckPool {
  const timeoutMs = options.timeoutMs ?? 20_000
  let child: ChildProcess | undefined

  const start = (): ChildProcess =>
    fork(CHILD, {
      execArgv: [`--max-old-space-size=${MAX_HEAP_MIB}`],
      // No secrets in its environment, nothing of its console in our logs.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })

  return {
    check: async (request) => {
      const current = (child ??= start())
      const answer = await askChild(current, request, timeoutMs)
      if (answer.kind === 'answered') return answer.message as PoolAnswer
      current.kill('SIGKILL')
      child = undefined
      const code = answer.kind === 'crashed' ? 'CHECK_CRASHED' : 'CHECK_TIMEOUT'
      return { kind: 'failed', code }
    },
    close: () => {
      child?.kill('SIGKILL')
      child = undefined
    },
  }
}
