/**
 * The process in which the detector looks at frames of foreign files: one job a message. Nothing but
 * boxes and codes goes back.
 */
import { constants, setPriority } from 'node:os'
import { DicomError, type DicomFile, loadPixels, readDicom } from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { cornerSignature, createTextDetector } from '../pixels/detect/index.ts'
import { frameCountOf, grayImages } from '../pixels/frames/index.ts'
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
  const [codecs, network] = await ready
  const detector = createTextDetector(network)
  return await withImage(source, async ({ dataSet, transferSyntaxUid }) => {
    const all = Array.from({ length: frameCountOf(dataSet) }, (_, at) => at + 1)
    const looked: LookedFrame[] = []
    for (const frame of frames === 'all' ? all : frames) {
      const renderings = grayImages(dataSet, transferSyntaxUid, frame, codecs)
      looked.push({ frame, boxes: await detector.detect(renderings) })
    }
    return { kind: 'looked', frames: looked }
  })
}

async function sign({ source, corners }: CornersJob): Promise<CornersAnswer> {
  const [codecs] = await ready
  return await withImage(source, ({ dataSet, transferSyntaxUid }) => ({
    kind: 'signed',
    corners: corners.map((known, at) => {
      if (known !== '') return known
      const [image] = grayImages(dataSet, transferSyntaxUid, at + 1, codecs)
      return image === undefined ? '' : cornerSignature(image)
    }),
  }))
}

async function withImage<Answer>(
  source: Source,
  work: (file: DicomFile) => Answer | Promise<Answer>,
): Promise<Answer> {
  const input = reader.open(source)
  try {
    return await work(loadPixels(readDicom(input), input))
  } finally {
    if (!(input instanceof Uint8Array)) input.close()
  }
}

function failure(error: unknown): LookFailure {
  // Only the code leaves: messages of foreign errors may hold values.
  const isCoded = error instanceof DicomError || error instanceof DeidError
  return { kind: 'failed', code: isCoded ? error.code : 'DEID_INTERNAL' }
}
