/** Reads what a file is called, by its data set, in a child process with limits of memory and time. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { askChild } from './ask-child.ts'

/** As they stand in the file: identifiers of a patient, to be compared and forgotten. */
interface InstanceNames {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
}

export interface NamesPool {
  /** undefined: it cannot be read. Callers take turns. */
  readonly read: (path: string) => Promise<InstanceNames | undefined>
  readonly close: () => void
}

type Answer =
  | { readonly kind: 'read'; readonly names: InstanceNames }
  | { readonly kind: 'failed'; readonly code: string }

const CHILD = fileURLToPath(new URL('./names-child.ts', import.meta.url))
const MAX_HEAP_MIB = 256
const TIMEOUT_MS = 5_000

/** The process starts with the first question. */
export function createNamesPool(): NamesPool {
  let child: ChildProcess | undefined
  let last: Promise<unknown> = Promise.resolve()

  const start = (): ChildProcess =>
    fork(CHILD, {
      execArgv: [`--max-old-space-size=${MAX_HEAP_MIB}`],
      // No secrets in its environment, nothing of its console in our logs.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    })
  const ask = async (path: string): Promise<InstanceNames | undefined> => {
    const current = (child ??= start())
    const answer = await askChild(current, path, TIMEOUT_MS)
    if (answer.kind === 'answered') {
      const message = answer.message as Answer
      return message.kind === 'read' ? message.names : undefined
    }
    current.kill('SIGKILL')
    child = undefined
    return undefined
  }

  return {
    read: (path) => {
      const mine = last.then(() => ask(path))
      last = mine.catch(() => undefined)
      return mine
    },
    close: () => {
      child?.kill('SIGKILL')
      child = undefined
    },
  }
}
