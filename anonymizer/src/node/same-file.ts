/** Compares files, and looks whether one reads well, without having them in memory. */
import { DicomError, readDicom } from '../dicom/index.ts'
import { openFile } from './open-file.ts'

const COMPARED_AT_ONCE = 1024 * 1024

export function sameBytes(a: string, b: string): boolean {
  const one = openFile(a)
  try {
    const other = openFile(b)
    try {
      if (one.size !== other.size) return false
      for (let at = 0; at < one.size; at += COMPARED_AT_ONCE) {
        const length = Math.min(COMPARED_AT_ONCE, one.size - at)
        if (Buffer.compare(one.read(at, length), other.read(at, length)) !== 0) return false
      }
      return true
    } finally {
      other.close()
    }
  } finally {
    one.close()
  }
}

/** Whether it is a whole DICOM file. */
export function isReadable(path: string): boolean {
  const file = openFile(path)
  try {
    readDicom(file)
    return true
  } catch (error) {
    if (error instanceof DicomError) return false
    throw error
  } finally {
    file.close()
  }
}
