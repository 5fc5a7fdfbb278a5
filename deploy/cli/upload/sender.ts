/** Sends clean files over parallel lanes; each is removed when the server has it. */
import { createHash } from 'node:crypto'
import { createReadStream, openAsBlob } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type FileSender, PandokError } from '@pandok/contract'

export interface CleanFileAt {
  readonly path: string
  readonly bytes: number
}

export interface Lanes<File extends CleanFileAt> {
  readonly add: (file: File) => void
  /** Resolves when there is room for more; rejects when sending has failed. */
  readonly room: () => Promise<void>
  /** Resolves when all that was added is sent; rejects when sending has failed. */
  readonly done: () => Promise<void>
}

/** Clean files that wait on the disk. */
const MAX_WAITING_FILES = 4_000
const MAX_WAITING_BYTES = 4 * 1024 ** 3
/** What is wrong with one file only; anything else ends the upload. */
const OF_ONE_FILE: ReadonlySet<string> = new Set(['HASH_MISMATCH', 'TOO_LARGE', 'INPUT_INVALID'])

export function createLanes<File extends CleanFileAt>(options: {
  lanes: number
  sender: FileSender
  onSent: (file: File, sha256: string) => void
  onFailed: (file: File, code: string) => void
}): Lanes<File> {
  const waiting: File[] = []
  const running = new Set<Promise<void>>()
  let bytes = 0
  let failure: Error | undefined

  const send = async (file: File): Promise<void> => {
    try {
      const sha256 = await hashOf(file.path)
      await options.sender.send(await openAsBlob(file.path), sha256)
      options.onSent(file, sha256)
    } catch (error) {
      if (!(error instanceof PandokError && OF_ONE_FILE.has(error.code))) throw error
      options.onFailed(file, error.code)
    } finally {
      bytes -= file.bytes
      await rm(file.path, { force: true })
    }
  }
  const kick = () => {
    while (running.size < options.lanes && failure === undefined) {
      const file = waiting.shift()
      if (file === undefined) return
      const work = send(file)
        .catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error('sending failed')
        })
        .finally(() => {
          running.delete(work)
          kick()
        })
      running.add(work)
    }
  }
  const settle = async (isEnough: () => boolean): Promise<void> => {
    while (failure === undefined && running.size > 0 && !isEnough()) await Promise.race(running)
    if (failure !== undefined) throw failure
  }
  return {
    add: (file) => {
      waiting.push(file)
      bytes += file.bytes
      kick()
    },
    room: () => settle(() => waiting.length < MAX_WAITING_FILES && bytes < MAX_WAITING_BYTES),
    done: () => settle(() => waiting.length === 0 && running.size === 0),
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
