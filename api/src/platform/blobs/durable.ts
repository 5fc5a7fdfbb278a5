/**
 * What makes files survive a loss of power (POSIX: a file's data by fsync of the file, its name by
 * fsync of the folder), with as few calls as that needs: callers who wait for the same folder share one.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Folders {
  /** The folder exists, and its name and those of its parents up to the root are durable. */
  readonly make: (folder: string) => Promise<void>
  /** The same for many of one parent, which is made durable once. */
  readonly makeAll: (parent: string, names: readonly string[]) => Promise<void>
  /** To be called when the folder turns out to be gone. */
  readonly forget: (folder: string) => void
  /** Every change of names in the folder that was made before the call is durable. */
  readonly sync: (folder: string) => Promise<void>
}

/** `root` is made when missing; what is above it is the operator's. */
export function createFolders(root: string): Folders {
  const made = new Map<string, Promise<void>>()
  /** Parents whose children of these names were made, all of them. */
  const filled = new Map<string, readonly string[]>()
  const waiting = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>()

  async function makeDurable(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (folder === root) return
    // Even when it was there: whoever made it may have died before its name was durable.
    await make(dirname(folder))
    await sync(dirname(folder))
  }

  function make(folder: string): Promise<void> {
    const known = made.get(folder)
    if (known !== undefined) return known
    const making = makeDurable(folder)
    made.set(folder, making)
    making.catch(() => made.delete(folder))
    return making
  }

  async function makeAll(parent: string, names: readonly string[]): Promise<void> {
    await make(parent)
    if (filled.get(parent) === names) return
    const children = names.map((name) => join(parent, name))
    for (const child of children) await mkdir(child, { recursive: true, mode: 0o700 })
    await sync(parent)
    for (const child of children) made.set(child, Promise.resolve())
    filled.set(parent, names)
  }

  /** A call that is under way may have missed our change, so we wait for the next one. */
  function sync(folder: string): Promise<void> {
    const queue = waiting.get(folder)
    if (queue === undefined) {
      const running = syncFolder(folder).finally(() => {
        const now = waiting.get(folder)
        if (now?.next === undefined) waiting.delete(folder)
      })
      waiting.set(folder, { running, next: undefined })
      return running
    }
    queue.next ??= queue.running
      .catch(() => undefined)
      .then(() => {
        waiting.delete(folder)
        return sync(folder)
      })
    return queue.next
  }

  /** The parents may be gone as well. */
  function forget(folder: string): void {
    made.delete(folder)
    filled.delete(dirname(folder))
    if (folder !== root && folder !== dirname(folder)) forget(dirname(folder))
  }

  return { make, makeAll, forget, sync }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** As few and as large writes as memory allows; a short write is continued. */
export const WRITE_AT_ONCE = 1024 * 1024

export async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  if (pieces.length === 0) return
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  const { bytesWritten } = await file.writev([...pieces])
  // FileHandle.writeFile goes on after short writes; writev does not.
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten))
}
