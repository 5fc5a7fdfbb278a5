/**
 * Sends one file of an upload, whole or in parts, so that a torn connection costs one part. In: the
 * bytes and their hash. Out: nothing, once the server has the whole file with that hash. Used by the
 * browser and by the command; who waits and tries again is given.
 */
import type { Client } from './client.ts'
import { PandokError } from './errors.ts'
import { MIN_PART_BYTES, type UploadFileState } from './operations/uploads.ts'

/** Larger files go in parts. */
const MAX_WHOLE_BYTES = 32 * 1024 ** 2
const LARGEST_PART_BYTES = 16 * 1024 ** 2
/** On a line that tears all the time a small part gets through where a large one never does. */
const SMALLEST_PART_BYTES = Math.max(256 * 1024, MIN_PART_BYTES)

export interface FileSender {
  /** Rejects with HASH_MISMATCH, TOO_LARGE, UPLOAD_CLOSED, …; what passes is waited for. */
  readonly send: (file: Blob, sha256: string) => Promise<void>
}

export function createFileSender(options: {
  client: Client
  uploadId: string
  /** Does the work until it succeeds or fails for good. */
  patiently: <T>(work: () => Promise<T>) => Promise<T>
  signal?: AbortSignal
}): FileSender {
  const { client, uploadId, patiently, signal } = options
  const call = signal === undefined ? {} : { signal }
  let partBytes = LARGEST_PART_BYTES

  const sendPart = async (
    file: Blob,
    sha256: string,
    offset: number,
  ): Promise<UploadFileState | undefined> => {
    const params = { uploadId, sha256 }
    const length = file.size
    try {
      const body = file.slice(offset, Math.min(offset + partBytes, length))
      const state = await client.patchUploadFile({ params, query: { offset, length }, body }, call)
      partBytes = Math.min(partBytes * 2, LARGEST_PART_BYTES)
      return state
    } catch (error) {
      // Somebody else, or we ourselves before an answer was lost.
      if (error instanceof PandokError && error.code === 'UPLOAD_OFFSET_WRONG') return undefined
      if (!(error instanceof PandokError)) {
        partBytes = Math.max(Math.floor(partBytes / 2), SMALLEST_PART_BYTES)
      }
      throw error
    }
  }

  const sendParts = async (file: Blob, sha256: string): Promise<void> => {
    let state: UploadFileState | undefined
    do {
      state = await patiently(async () => {
        const now = state ?? (await client.getUploadFile({ params: { uploadId, sha256 } }, call))
        if (now.isReceived) return now
        // What failed half way is asked for anew.
        state = undefined
        return await sendPart(file, sha256, now.offset)
      })
    } while (state?.isReceived !== true)
  }

  return {
    send: async (file, sha256) => {
      if (file.size > MAX_WHOLE_BYTES) await sendParts(file, sha256)
      else {
        const params = { uploadId, sha256 }
        await patiently(() => client.putUploadFile({ params, body: file }, call))
      }
    },
  }
}
