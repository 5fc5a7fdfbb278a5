/** The caged process behind the operator's page; one question after the other. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { askChild } from '../ask-child.ts'
import type { ChildSettings } from '../deidentify-child.ts'
import type { OperatorAnswer, OperatorQuestion } from './operator-child.ts'

export interface OperatorProcess {
  readonly ask: (question: OperatorQuestion) => Promise<OperatorAnswer>
  readonly close: () => void
}

const CHILD = fileURLToPath(new URL('./operator-child.ts', import.meta.url))
const MAX_HEAP_MIB = 512
const TIMEOUT_MS = 30_000

export function startOperatorProcess(settings: ChildSettings): OperatorProcess {
  let child: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()
  const start = (): ChildProcess => {
    const started = fork(CHILD, {
      execArgv: [`--max-old-space-size=${MAX_HEAP_MIB}`],
      // No secrets in its environment, nothing of its console in our logs.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
    started.send(settings)
    return started
  }
  return {
    ask: (question) => {
      const answer = last.then(async (): Promise<OperatorAnswer> => {
        const current = (child ??= start())
        const reply = await askChild(current, question, TIMEOUT_MS)
        if (reply.kind === 'answered') return reply.message as OperatorAnswer
        current.kill('SIGKILL')
        child = undefined
        return { kind: 'none' }
      })
      last = answer
      return answer
    },
    close: () => child?.kill('SIGKILL'),
  }
}
