/** Runs in a child process of its own: reads one file a message and answers with the verdict. */
import { readFileSync } from 'node:fs'
import { checkClean, DeidError, DicomError, loadProfile } from '../index.ts'
import type { CheckRequest } from './check-pool.ts'
import { loadFrameCodecs } from './frame-codecs.ts'

const loading = loadFrameCodecs()

process.on('message', (request: CheckRequest) => {
  void verdict(request).then((answer) => process.send?.(answer))
})
process.on('disconnect', () => process.exit(0))

async function verdict({ path, profile, format }: CheckRequest): Promise<object> {
  try {
    const settings = { profile: loadProfile(profile), format, codecs: await loading }
    return { kind: 'checked', result: checkClean(readFileSync(path), settings) }
  } catch (error) {
    // Only the code leaves: messages of foreign errors may hold values.
    const isCoded = error instanceof DicomError || error instanceof DeidError
    return { kind: 'failed', code: isCoded ? error.code : 'CHECK_INTERNAL' }
  }
}
