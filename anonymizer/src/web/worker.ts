/** The Web Worker: looks at files, shows frames to the page, de-identifies. */
import {
  deidentify,
  joinChunks,
  loadProfile,
  openVault,
  type PixelReview,
  type Settings,
} from '../index.ts'
import { rgbaImage } from '../pixels/frames/index.ts'
import { loadFrameCodecs } from './frame-codecs.ts'
import { inspectFile, type SeeingSettings } from './inspect-file.ts'
import { openFile, readFile } from './open-file.ts'
import type { CleanFile, WorkerAnswer, WorkerRequest, WorkerSettings } from './protocol.ts'
import { refusalOf } from './refusal.ts'

/** Made once: what files of a series share is worked out once. */
const settings = Promise.withResolvers<SeeingSettings>()

self.onmessage = ({ data }: MessageEvent<WorkerSettings | WorkerRequest>) => {
  if ('key' in data) {
    settingsFrom(data).then(settings.resolve, settings.reject)
    return
  }
  void answer(data).then((message) => {
    self.postMessage(message, { transfer: buffersOf(message) })
  })
}

async function settingsFrom({ key, format, profile }: WorkerSettings): Promise<SeeingSettings> {
  return {
    profile: loadProfile(profile),
    vault: openVault(key, format),
    codecs: await loadFrameCodecs(),
  }
}

async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    const given = await settings.promise
    switch (request.kind) {
      case 'inspect':
        return { kind: 'inspected', file: await inspectFile(request.file, given) }
      case 'deidentify':
        return { kind: 'done', clean: await cleanFile(request.file, given, request.review) }
      case 'show': {
        const { dataSet, transferSyntaxUid } = await openFile(request.file, request.fileId)
        const picture = rgbaImage(dataSet, transferSyntaxUid, request.frame, given.codecs)
        return { kind: 'shown', picture }
      }
      case 'look':
      case 'draw':
        throw new Error('other workers do that')
    }
  } catch (error) {
    return refusalOf(error)
  }
}

async function cleanFile(
  file: Blob,
  given: Settings,
  review: PixelReview | undefined,
): Promise<CleanFile> {
  const result = deidentify(await readFile(file), given, review)
  const bytes = joinChunks(result.chunks)
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const { pseudonym, subjectDigest, studyInstanceUid, seriesInstanceUid, report } = result
  return { bytes, sha256, pseudonym, subjectDigest, studyInstanceUid, seriesInstanceUid, report }
}

/** Handed over, not copied. */
function buffersOf(message: WorkerAnswer): ArrayBuffer[] {
  if (message.kind === 'done') return [message.clean.bytes.buffer]
  if (message.kind === 'shown') return [message.picture.pixels.buffer]
  return []
}
