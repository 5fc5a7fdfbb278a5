/** The Web Worker: de-identifies one file per message. Originals never leave it in any message. */
import {
  DeidError,
  DicomError,
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
  type Settings,
} from '../index.ts'
import type { WorkerAnswer, WorkerRequest, WorkerSettings } from './protocol.ts'

let given: WorkerSettings | undefined
/** Made once: what files of a series share is worked out once. */
let settings: Settings | undefined

self.onmessage = ({ data }: MessageEvent<WorkerSettings | WorkerRequest>) => {
  if ('key' in data) {
    given = data
    return
  }
  void answer(data).then((message) => {
    const transfer = message.kind === 'done' ? [message.bytes.buffer] : []
    self.postMessage(message, { transfer })
  })
}

function settingsFrom(options: WorkerSettings | undefined): Settings {
  if (options === undefined) throw new Error('no settings came before the first file')
  return {
    profile: loadProfile(options.profile),
    vault: openVault(options.key, options.format),
  }
}

async function answer({ id, bytes: original }: WorkerRequest): Promise<WorkerAnswer> {
  try {
    settings ??= settingsFrom(given)
    const result = deidentify(new Uint8Array(original), settings)
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
