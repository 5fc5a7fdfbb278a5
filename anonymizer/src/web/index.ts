/** De-identification in the browser, off the page's thread. */
import type { WorkerAnswer, WorkerRequest, WorkerSettings } from './protocol.ts'

export type { WorkerAnswer } from './protocol.ts'

export interface DeidentificationWorker {
  /** The answer says `done` or `refused`; it rejects only when the worker itself broke. */
  readonly deidentify: (bytes: ArrayBuffer) => Promise<WorkerAnswer>
  readonly close: () => void
}

export function startDeidentificationWorker(settings: WorkerSettings): DeidentificationWorker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  worker.postMessage(settings)
  const waiting = new Map<number, PromiseWithResolvers<WorkerAnswer>>()
  let lastId = 0
  worker.onmessage = (event: MessageEvent<WorkerAnswer>) => {
    waiting.get(event.data.id)?.resolve(event.data)
    waiting.delete(event.data.id)
  }
  worker.onerror = () => {
    for (const each of waiting.values())
      each.reject(new Error('the de-identification worker broke'))
    waiting.clear()
  }
  return {
    deidentify: (bytes) => {
      const answer = Promise.withResolvers<WorkerAnswer>()
      const request: WorkerRequest = { id: ++lastId, bytes }
      waiting.set(request.id, answer)
      worker.postMessage(request, [bytes])
      return answer.promise
    },
    close: () => {
      worker.terminate()
    },
  }
}
