/** One question to a child process of ours, and its answer; or how the child failed to give one. */
import type { ChildProcess } from 'node:child_process'

export type ChildAnswer =
  /** Of the shape that our own child gives it. */
  | { readonly kind: 'answered'; readonly message: unknown }
  | { readonly kind: 'crashed' }
  | { readonly kind: 'timed-out' }

export function askChild(
  child: ChildProcess,
  question: object | string,
  limitMs: number,
): Promise<ChildAnswer> {
  return new Promise((resolve) => {
    const finish = (answer: ChildAnswer) => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
      child.off('error', onExit)
      resolve(answer)
    }
    const onMessage = (message: unknown) => {
      finish({ kind: 'answered', message })
    }
    const onExit = () => {
      finish({ kind: 'crashed' })
    }
    const timer = setTimeout(() => {
      finish({ kind: 'timed-out' })
    }, limitMs)
    child.on('message', onMessage)
    child.on('exit', onExit)
    child.on('error', onExit)
    child.send(question)
  })
}
