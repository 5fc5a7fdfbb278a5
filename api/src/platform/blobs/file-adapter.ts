/**
 * Objects as files: AREA/xx/NAME below one folder. Written beside under a name of its own, made durable,
 * then renamed, and the folder made durable. All of a folder's areas must be of one file system (names
 * are linked between them); another file system than the database's, which stops when it is full.
 */
import { randomUUID } from 'node:crypto'
import {
  type FileHandle,
  link,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  utimes,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PandokError } from '@pandok/contract'
import { BlobError, errnoOf, toReadError, toStorageError } from './blob-error.ts'
import { createFolders, type Folders, WRITE_AT_ONCE, writeAll } from './durable.ts'
import { BLOB_AREAS, type BlobArea, type ByteRange, type ObjectAdapter } from './port.ts'

/** Half-written files of an area; the dot keeps it apart from the two letters of the others. */
const PARTS = '.parts'
/** Made together: one by one the first files of an area would each wait for a folder's name. */
const AREA_FOLDERS = [
  PARTS,
  ...Array.from({ length: 256 }, (_, at) => at.toString(16).padStart(2, '0')),
]
/** A part that nobody has written to for this long belongs to a process that died. */
const PART_IS_DEAD_AFTER_MS = 5 * 60_000
const READ_AT_ONCE = 256 * 1024
/** While a body is taken the free space is looked at again after as many bytes. */
const ADMIT_EVERY = 32 * 1024 * 1024

export function openFileAdapter(
  directory: string,
  options: { minFreeBytes: number; clock: () => Date },
): ObjectAdapter {
  const folders = createFolders(directory)
  const pathOf = (area: BlobArea, name: string) => join(directory, area, name.slice(0, 2), name)
  const admit = (declaredBytes: number) =>
    coded(async () => {
      await folders.make(directory)
      const { bavail, bsize } = await statfs(directory)
      if (bavail * bsize < 2 * declaredBytes + options.minFreeBytes) {
        throw new PandokError('STORAGE_FULL')
      }
    })

  return {
    admit,
    localPath: pathOf,
    write: (area, pieces, name) =>
      coded(async () => {
        const parts = join(directory, area, PARTS)
        await folders.makeAll(join(directory, area), AREA_FOLDERS)
        const part = join(parts, randomUUID())
        try {
          const file = await inFolder(folders, parts, () => open(part, 'wx', 0o600))
          await writeDurably(file, pieces, () => admit(0))
          await publish(folders, part, pathOf(area, name.finish()), rename)
        } catch (error) {
          // What cannot be removed now goes with the leftovers; the first error is what is told.
          await rm(part, { force: true }).catch(() => undefined)
          throw error
        }
      }),
    copy: (name, from, to) =>
      reading(() => publish(folders, pathOf(from, name), pathOf(to, name), linkOrTouch)),
    read: (area, name, range) =>
      reading(() => withFile(pathOf(area, name), (file) => readExactly(file, range))),
    pieces: (area, name, range) => piecesOf(pathOf(area, name), range),
    open: (area, name) =>
      reading(async () => {
        const file = await open(pathOf(area, name))
        return {
          size: (await file.stat()).size,
          read: (range) => coded(() => readExactly(file, range)),
          close: () => file.close(),
        }
      }),
    size: async (area, name) => (await statOf(pathOf(area, name)))?.size,
    // When it got its name: the time of the data is older for what was linked.
    storedAt: async (area, name) => (await statOf(pathOf(area, name)))?.ctime,
    remove: (area, name) => coded(() => rm(pathOf(area, name), { force: true })),
    list: (area, after) => listNames(join(directory, area), after),
    sweepLeftovers: async () => {
      const deadBefore = options.clock().getTime() - PART_IS_DEAD_AFTER_MS
      let removed = 0
      for (const area of BLOB_AREAS) {
        const parts = join(directory, area, PARTS)
        for (const name of await namesIn(parts)) {
          const path = join(parts, name)
          const found = await statOf(path)
          if (found === undefined || found.mtimeMs > deadBefore) continue
          await rm(path, { force: true })
          removed += 1
        }
      }
      return removed
    },
  }
}

async function coded<T>(work: () => Promise<T>, code = toStorageError): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw code(error)
  }
}

const reading = <T>(work: () => Promise<T>) => coded(work, toReadError)

async function writeDurably(
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
  admit: () => Promise<void>,
): Promise<void> {
  try {
    let waiting: Uint8Array[] = []
    let waitingBytes = 0
    let sinceAdmitted = 0
    for await (const piece of pieces) {
      waiting.push(piece)
      waitingBytes += piece.length
      if (waitingBytes < WRITE_AT_ONCE) continue
      await writeAll(file, waiting)
      sinceAdmitted += waitingBytes
      waiting = []
      waitingBytes = 0
      if (sinceAdmitted < ADMIT_EVERY) continue
      await admit()
      sinceAdmitted = 0
    }
    await writeAll(file, waiting)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Gives a whole file its name (another one), durably. */
async function publish(
  folders: Folders,
  from: string,
  to: string,
  name: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(to)
  await inFolder(folders, folder, () => name(from, to))
  await folders.sync(folder)
}

/** The folder may have been removed under us (an emptied cache): then it is made again, once. */
async function inFolder<T>(folders: Folders, folder: string, work: () => Promise<T>): Promise<T> {
  await folders.make(folder)
  try {
    return await work()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || (await statOf(folder)) !== undefined) throw error
    folders.forget(folder)
    await folders.make(folder)
    return await work()
  }
}

/** Where it is already, it came into the area anew all the same: nobody may take it for an old one. */
async function linkOrTouch(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    const now = new Date()
    await utimes(to, now, now)
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

async function readExactly(file: FileHandle, range: ByteRange | undefined): Promise<Buffer> {
  const { offset, length } = range ?? { offset: 0, length: (await file.stat()).size }
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) throw new BlobError('BLOB_DAMAGED', 'shorter than its index says')
    done += bytesRead
  }
  return buffer
}

async function* piecesOf(path: string, range: ByteRange | undefined): AsyncGenerator<Buffer> {
  const file = await reading(() => open(path))
  try {
    const { offset, length } = range ?? { offset: 0, length: (await file.stat()).size }
    for (let at = 0; at < length; at += READ_AT_ONCE) {
      const piece = { offset: offset + at, length: Math.min(READ_AT_ONCE, length - at) }
      yield await coded(() => readExactly(file, piece))
    }
  } finally {
    await file.close()
  }
}

async function statOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw toStorageError(error)
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw toStorageError(error)
  }
}

/** One folder of two letters after another. */
async function* listNames(folder: string, after: string): AsyncGenerator<string[]> {
  for (const prefix of await namesIn(folder)) {
    if (prefix === PARTS || prefix < after.slice(0, 2)) continue
    const names = (await namesIn(join(folder, prefix))).filter((name) => name > after)
    if (names.length > 0) yield names
  }
}
