/**
 * Plain copies of blobs for child processes that must open a file, and folders for what such processes
 * write: private (0700), one folder for each use, gone as soon as it was used. What a killed process leaves is swept by the next
 * one: at once where the process was of this machine, otherwise when nobody has touched it for a while.
 */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { errnoOf, toStorageError } from './blob-error.ts'
import { writeAll } from './durable.ts'

const IS_DEAD_AFTER_MS = 5 * 60_000
const TOUCH_EVERY_MS = 60_000

export interface LocalCopies {
  readonly withFolder: <T>(use: (folder: string) => Promise<T>) => Promise<T>
  readonly withCopy: <T>(
    plain: AsyncIterable<Uint8Array>,
    use: (path: string) => Promise<T>,
  ) => Promise<T>
  readonly sweep: () => Promise<number>
}

export function createLocalCopies(directory: string, clock: () => Date): LocalCopies {
  // Dots within, so that a host's own dots do no harm.
  const owner = `${process.pid}.${hostname()}`

  const withFolder: LocalCopies['withFolder'] = async (use) => {
    const folder = await makeFolder(directory, owner)
    const touching = setInterval(() => {
      const now = clock()
      utimes(folder, now, now).catch(() => undefined)
    }, TOUCH_EVERY_MS)
    try {
      return await use(folder)
    } catch (error) {
      // A child that could not write there says why by the system's code.
      throw toStorageError(error)
    } finally {
      clearInterval(touching)
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    withFolder,
    withCopy: (plain, use) =>
      withFolder(async (folder) => {
        const path = join(folder, 'file')
        await writePlain(path, plain)
        return await use(path)
      }),

    sweep: async () => {
      let removed = 0
      for (const name of await namesIn(directory)) {
        if (!(await isDead(join(directory, name), name, clock))) continue
        await rm(join(directory, name), { recursive: true, force: true })
        removed += 1
      }
      return removed
    },
  }
}

async function makeFolder(directory: string, owner: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await chmod(directory, 0o700)
    const folder = join(directory, `${randomUUID()}.${owner}`)
    await mkdir(folder, { mode: 0o700 })
    return folder
  } catch (error) {
    throw toStorageError(error)
  }
}

/** Not made durable: it is made again rather than kept. */
async function writePlain(path: string, plain: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for await (const piece of plain) await writeAll(file, [piece])
  } catch (error) {
    throw toStorageError(error)
  } finally {
    await file.close()
  }
}

async function isDead(path: string, name: string, clock: () => Date): Promise<boolean> {
  const [, pid, ...host] = name.split('.')
  if (host.join('.') === hostname() && !isRunning(Number(pid))) return true
  try {
    return clock().getTime() - (await stat(path)).mtimeMs > IS_DEAD_AFTER_MS
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
