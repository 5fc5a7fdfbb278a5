/** Runs in a child process of its own: reads the names of one file a message. */
import { DicomError, getString, readDicom } from '../dicom/index.ts'
import { openFile } from './open-file.ts'

process.on('message', (path: string) => {
  process.send?.(namesOf(path))
})
process.on('disconnect', () => process.exit(0))

function namesOf(path: string): object {
  try {
    const file = openFile(path)
    try {
      const { dataSet } = readDicom(file)
      return {
        kind: 'read',
        names: {
          sopClassUid: getString(dataSet, '00080016'),
          sopInstanceUid: getString(dataSet, '00080018'),
          studyInstanceUid: getString(dataSet, '0020000D'),
          seriesInstanceUid: getString(dataSet, '0020000E'),
        },
      }
    } finally {
      file.close()
    }
  } catch (error) {
    // Only the code leaves: messages of foreign errors may hold values.
    return { kind: 'failed', code: error instanceof DicomError ? error.code : 'DICOM_UNREADABLE' }
  }
}
