/** Reads the files that a page hands over. One stays open: films are shown frame by frame. */
import { type DicomFile, readDicom } from '../dicom/index.ts'
import { UnreadableError } from './refusal.ts'

let open: { readonly id: number; readonly file: DicomFile } | undefined

export async function readFile(file: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch (error) {
    throw new UnreadableError(error)
  }
}

export async function openFile(file: Blob, id: number): Promise<DicomFile> {
  if (open?.id !== id) {
    // The one before is let go first: two large films would not fit.
    open = undefined
    open = { id, file: readDicom(await readFile(file)) }
  }
  return open.file
}
