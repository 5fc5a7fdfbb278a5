/** Runs in a child process of its own: reads one file a message and answers with the verdict. */
import { readFileSync } from 'node:fs'
import { checkClean, DicomError, type PseudonymFormat } from '../index.ts'

process.on('message', (request: { path: string; format: PseudonymFormat }) => {
  process.send?.(verdict(request))
})
process.on('disconnect', () => process.exit(0))

function verdict({ path, format }: { path: string; format: PseudonymFormat }): object {
  try {
    return { kind: 'checked', result: checkClean(readFileSync(path), format) }
  } catch (error) {
    // Only the code leaves: messages of foreign errors may hold values.
    return { kind: 'failed', code: error instanceof DicomError ? error.code : 'CHECK_INTERNAL' }
  }
}
