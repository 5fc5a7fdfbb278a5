/**
 * The upload that this window runs: it goes on while other pages are looked at, and the browser
 * asks before the window is closed under it.
 */
import { startDeidentificationWorker, startLookingWorker } from '@pandok/anonymizer/web'
import type { Client } from '@pandok/contract'
import { startUpload, type Uploader } from './uploader.ts'

const running = new Map<string, Uploader>()

export function currentUpload(projectKey: string): Uploader | undefined {
  return running.get(projectKey)
}

export function forgetUpload(projectKey: string): void {
  running.delete(projectKey)
}

export function beginUpload(client: Client, projectKey: string, files: readonly File[]): Uploader {
  const uploader = startUpload({
    client,
    projectKey,
    files,
    startWorker: startDeidentificationWorker,
    startLooking: startLookingWorker,
  })
  running.set(projectKey, uploader)
  const askBeforeLeaving = (event: BeforeUnloadEvent) => {
    event.preventDefault()
  }
  window.addEventListener('beforeunload', askBeforeLeaving)
  const unsubscribe = uploader.subscribe(() => {
    const { uploadId, failureCode } = uploader.snapshot()
    if (uploadId === undefined && failureCode === undefined) return
    window.removeEventListener('beforeunload', askBeforeLeaving)
    unsubscribe()
  })
  return uploader
}
