/**
 * One worker that is asked one thing at a time. One that breaks or does not answer in time is ended
 * and started anew: a file that hangs a decoder costs itself and nothing else.
 */
import type { Refusal, WorkerAnswer, WorkerRequest } from './protocol.ts'

export interface AskedWorker {
  readonly ask: (request: WorkerRequest) => Promise<WorkerAnswer>
  readonly close: () => void
}

const LONGEST_MS = 120_000

/** `first` is the first message of each worker that is started. */
export function createAskedWorker(start: () => Worker, first: unknown): AskedWorker {
  let worker: Worker | undefined
  let last: Promise<unknown> = Promise.resolve()
  const startAnew = (): Worker => {
    const started = start()
    started.postMessage(first)
    worker = started
    return started
  }
  const end = () => {
    worker?.terminate()
    worker = undefined
  }
  const ask = (request: WorkerRequest): Promise<WorkerAnswer> =>
    new Promise((resolve) => {
      const asked = worker ?? startAnew()
      const giveUp = (code: string) => {
        end()
        answer({ kind: 'refused', code } satisfies Refusal)
      }
      const timer = setTimeout(() => {
        giveUp('TIMEOUT')
      }, LONGEST_MS)
      const answer = (message: WorkerAnswer) => {
        clearTimeout(timer)
        resolve(message)
      }
      asked.onmessage = (event: MessageEvent<WorkerAnswer>) => {
        answer(event.data)
      }
      asked.onerror = () => {
        giveUp('CRASHED')
      }
      asked.postMessage(request)
    })
  return {
    ask: (request) => {
      const answer = last.then(() => ask(request))
      last = answer
      return answer
    },
    close: end,
  }
}
