/** The Web Worker: de-identifies one file per message. Originals never leave it in any message. */
import { DeidError, DicomError, deidentify, joinChunks, loadProfile, openVault } from '../index.ts'
import type { WorkerAnswer, WorkerRequest } from './protocol.ts'

self.onmessage = (event: MessageEvent<WorkerRequest>) => {
  void answer(event.data).then((message) => {
    const transfer = message.kind === 'done' ? [message.bytes.buffer] : []
    self.postMessage(message, { transfer })
  })
}

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  const { id } = request
  try {
    const vault = openVault(request.key, request.format)
    const result = deidentify(new Uint8Array(request.bytes), {
      profile: loadProfile(request.profile),
      vault,
    })
    const bytes = joinChunks(result.chunks)
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    const { pseudonym, studyInstanceUid, seriesInstanceUid, report } = result
    return {
      id,
      kind: 'done',
      bytes,
      sha256,
      pseudonym,
      studyInstanceUid,
      seriesInstanceUid,
      report,
    }
  } catch (error) {
    const isCoded = error instanceof DicomError || error instanceof DeidError
    return { id, kind: 'refused', code: isCoded ? error.code : 'DEID_INTERNAL' }
  }
}
