/** Runs in a child process of its own: reads one file a message and answers with the verdict. */
import { readFileSync } from 'node:fs'
import { checkClean, DicomError, loadProfile } from '../index.ts'
import type { CheckRequest } from './check-pool.ts'

process.on('message', (request: CheckRequest) => {
  process.send?.(verdict(request))
})
process.on('disconnect', () => process.exit(0))

function verdict({ path, profile, format }: CheckRequest): object {
  try {
    return {
      kind: 'checked',
      result: checkClean(readFileSync(path), { profile: loadProfile(profile), format }),
    }
  } catch (error) {
    // Only the code leaves: messages of foreign errors may hold values.
    return { kind: 'failed', code: error instanceof DicomError ? error.code : 'CHECK_INTERNAL' }
  }
}
