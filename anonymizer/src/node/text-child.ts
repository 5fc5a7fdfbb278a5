/**
 * The process in which the detector looks at frames of foreign files: one job a message. Nothing but
 * boxes and codes goes back.
 */
import { constants, setPriority } from 'node:os'
import { DicomError, readDicom } from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { cornerSignature, createTextDetector } from '../pixels/detect/index.ts'
import { frameAlone, frameCountOf, grayImages } from '../pixels/frames/index.ts'
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
  return await withFrames(source, async (count, renderingsOf) => {
    const all = Array.from({ length: count }, (_, at) => at + 1)
    const looked: LookedFrame[] = []
    for (const frame of frames === 'all' ? all : frames) {
      looked.push({ frame, boxes: await detector.detect(renderingsOf(frame)) })
    }
    return { kind: 'looked', frames: looked }
  })
}

async function sign({ source, corners }: CornersJob): Promise<CornersAnswer> {
  return await withFrames(source, (_, renderingsOf): CornersAnswer => {
    const signed: string[] = []
    for (const known of corners) {
      const [image] = known === '' ? renderingsOf(signed.length + 1) : []
      signed.push(image === undefined ? known : cornerSignature(image))
    }
    return { kind: 'signed', corners: signed }
  })
}

/** Of a large file, only the frame that is asked for is in memory. */
async function withFrames<Answer>(
  source: Source,
  work: (
    count: number,
    renderingsOf: (frame: number) => readonly GrayImage[],
  ) => Answer | Promise<Answer>,
): Promise<Answer> {
  const [codecs] = await ready
  const input = reader.open(source)
  try {
    const whole = readDicom(input)
    return await work(frameCountOf(whole.dataSet), (frame) => {
      const { file, number } = frameAlone(whole, input, frame)
      return grayImages(file.dataSet, file.transferSyntaxUid, number, codecs)
    })
  } finally {
    if (!(input instanceof Uint8Array)) input.close()
  }
}

function failure(error: unknown): LookFailure {
  // Only the code leaves: messages of foreign errors may hold values.
  const isCoded = error instanceof DicomError || error instanceof DeidError
  return { kind: 'failed', code: isCoded ? error.code : 'DEID_INTERNAL' }
}
