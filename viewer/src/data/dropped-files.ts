/** All files of what was dropped, folders walked through and zips looked into. */
import { filesOf } from './chosen-files.ts'
import type { ChosenFile } from './zip-entries.ts'

export async function droppedFiles(transfer: DataTransfer): Promise<ChosenFile[]> {
  // Entries must be taken before the first await: the list is emptied after the event.
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null)
  const files: ChosenFile[] = []
  for (const entry of entries) await walk(entry, files)
  return files
}

async function walk(entry: FileSystemEntry, files: ChosenFile[]): Promise<void> {
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject))
    // As a chosen folder names it, so that either way it is the same file.
    for (const each of await filesOf(file, entry.fullPath.slice(1))) files.push(each)
    return
  }
  if (!isDirectory(entry)) return
  const reader = entry.createReader()
  for (;;) {
    // A reader gives a hundred entries at a time, and nothing when it is done.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (batch.length === 0) return
    for (const each of batch) await walk(each, files)
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory
