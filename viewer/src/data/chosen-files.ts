/** What was chosen or dropped, as files to be opened one at a time: those of folders and within zips. */
import { type ChosenFile, isZip, ZipError, zipEntries } from './zip-entries.ts'

/** `path`: within the folder that was dropped. */
export function chosenFile(file: File, path = file.webkitRelativePath || file.name): ChosenFile {
  const { size, lastModified } = file
  return { name: path, size, lastModified, open: () => Promise.resolve(file) }
}

/** A zip that is refused whole stays one file, which says why when it is opened. */
export async function filesOf(file: File, path?: string): Promise<ChosenFile[]> {
  const chosen = chosenFile(file, path)
  if (!isZip(file)) return [chosen]
  try {
    return await zipEntries(file, chosen.name)
  } catch (error) {
    const reason = error instanceof ZipError ? error : new ZipError('ZIP_DAMAGED')
    return [{ ...chosen, open: () => Promise.reject(reason) }]
  }
}
