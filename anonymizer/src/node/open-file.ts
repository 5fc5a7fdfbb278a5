/** An open file as a source that is read in parts. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type ByteSource, DicomError } from '../dicom/index.ts'

export interface OpenFile extends ByteSource {
  /** Fills `into` from `offset` on. DICOM_TRUNCATED when the file ends before. */
  readonly readInto: (into: Uint8Array<ArrayBuffer>, offset: number) => void
  readonly close: () => void
}

export function openFile(path: string): OpenFile {
  const fd = openSync(path, 'r')
  return fileSource(fd, fstatSync(fd).size)
}

/** Takes `fd` over. */
export function fileSource(fd: number, size: number): OpenFile {
  const readInto = (into: Uint8Array<ArrayBuffer>, offset: number) => {
    let at = 0
    while (at < into.length) {
      const count = readSync(fd, into, at, into.length - at, offset + at)
      // Shorter than it was when it was opened.
      if (count === 0) throw new DicomError('DICOM_TRUNCATED', `at offset ${offset + at}`)
      at += count
    }
  }
  return {
    size,
    readInto,
    read: (offset, length) => {
      const bytes = new Uint8Array(length)
      readInto(bytes, offset)
      return bytes
    },
    close: () => {
      closeSync(fd)
    },
  }
}
