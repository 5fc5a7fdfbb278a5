/**
 * The process in which the detector looks at frames of foreign files: one job a message. Nothing but
 * boxes and codes goes back.
 */
import { constants, setPriority } from 'node:os'
import { DicomError, type DicomFile, readDicom } from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { cornerSignature, createTextDetector, nativeCornersOf } from '../pixels/detect/index.ts'
import { announcesText } from '../pixels/devices/index.ts'
import { type FrameAlone, frameAlone, frameCountOf, grayImages } from '../pixels/frames/index.ts'
import type { GrayImage } from '../pixels/model.ts'
import { loadFrameCodecs } from './frame-codecs.ts'
import type { Source } from './inputs.ts'
import { createSourceReader } from './source.ts'
import { loadTextNetwork } from './text-network.ts'
import type {
  CornersAnswer,
  CornersJob,
  LookedFrame,
  LookFailure,
  TextAnswer,
  TextJob,
} from './text-pool.ts'

// Header work comes first wherever both want a core.
setPriority(constants.priority.PRIORITY_LOW)

const reader = createSourceReader()
const ready = Promise.all([loadFrameCodecs(), loadTextNetwork()])

process.on('disconnect', () => process.exit(0))
process.on('message', (job: TextJob | CornersJob) => {
  const answer = 'frames' in job ? look(job) : sign(job)
  void answer.catch(failure).then((each) => process.send?.(each))
})

async function look({ source, frames }: TextJob): Promise<TextAnswer> {
  const [, network] = await ready
  const detector = createTextDetector(network)
  return await withFrames(source, async (whole, frameOf) => {
    const all = Array.from({ length: frameCountOf(whole.dataSet) }, (_, at) => at + 1)
    const looked: LookedFrame[] = []
    for (const frame of frames === 'all' ? all : frames) {
      looked.push({ frame, boxes: await detector.detect(await rendered(frameOf(frame))) })
    }
    return { kind: 'looked', frames: looked }
  })
}

/**
 * As lookFacts chooses: all frames of what lists of devices announce stay unsigned, for they are looked
 * at; native samples are judged as they are stored. Only other frames are decoded and rendered: what an
 * encapsulated frame has along its border is not to be known before all of it is decoded.
 */
async function sign({ source, corners }: CornersJob): Promise<CornersAnswer> {
  return await withFrames(source, async (whole, frameOf): Promise<CornersAnswer> => {
    if (announcesText(whole) !== undefined) return { kind: 'signed', corners }
    const signed: string[] = []
    for (const known of corners) {
      signed.push(known === '' ? await signatureOf(frameOf(signed.length + 1)) : known)
    }
    return { kind: 'signed', corners: signed }
  })
}

async function signatureOf(frame: FrameAlone): Promise<string> {
  const native = nativeCornersOf(frame.file.dataSet, frame.number)
  if (native !== '') return native
  const [image] = await rendered(frame)
  return image === undefined ? '' : cornerSignature(image)
}

async function rendered({ file, number }: FrameAlone): Promise<readonly GrayImage[]> {
  const [codecs] = await ready
  return grayImages(file.dataSet, file.transferSyntaxUid, number, codecs)
}

/** Of a large file, only the frame that is asked for is in memory. */
async function withFrames<Answer>(
  source: Source,
  work: (whole: DicomFile, frameOf: (frame: number) => FrameAlone) => Promise<Answer>,
): Promise<Answer> {
  await ready
  const input = reader.open(source)
  try {
    const whole = readDicom(input)
    return await work(whole, (frame) => frameAlone(whole, input, frame))
  } finally {
    if (!(input instanceof Uint8Array)) input.close()
  }
}

function failure(error: unknown): LookFailure {
  // Only the code leaves: messages of foreign errors may hold values.
  const isCoded = error instanceof DicomError || error instanceof DeidError
  return { kind: 'failed', code: isCoded ? error.code : 'DEID_INTERNAL' }
}
