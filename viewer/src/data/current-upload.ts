/**
 * The upload that this window runs: it goes on while other pages are looked at, and the browser
 * asks before the window is closed under it.
 */
import { startDeidentificationWorker, startLookingWorker } from '@pandok/anonymizer/web'
import type { Client } from '@pandok/contract'
import { openUploadMemory } from './upload-memory.ts'
import { startUpload, type Uploader } from './uploader.ts'
import type { ChosenFile } from './zip-entries.ts'

const running = new Map<string, Uploader>()

export function currentUpload(projectKey: string): Uploader | undefined {
  return running.get(projectKey)
}

export function forgetUpload(projectKey: string): void {
  running.delete(projectKey)
}

export function beginUpload(
  client: Client,
  projectKey: string,
  files: readonly ChosenFile[],
): Uploader {
  const uploader = startUpload({
    client,
    projectKey,
    files,
    memory: openUploadMemory(projectKey),
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

/** What this browser began and did not finish, while the server still takes files for it. */
export async function interruptedUpload(
  client: Client,
  projectKey: string,
): Promise<{ received: number; files: number } | null> {
  const remembered = await openUploadMemory(projectKey).load()
  if (remembered === undefined) return null
  const { uploadId, files } = remembered.head
  const upload = await client.getUpload({ params: { uploadId } }).catch(() => undefined)
  if (upload?.status !== 'receiving') return null
  return { received: remembered.sent.size, files }
}

/** Nobody goes on with it. */
export async function forgetInterrupted(projectKey: string, uploadId: string): Promise<void> {
  const memory = openUploadMemory(projectKey)
  if ((await memory.load())?.head.uploadId === uploadId) await memory.forget()
}
