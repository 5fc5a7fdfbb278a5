/**
 * The process in which the detector looks at frames of foreign files: one job a message. Nothing but
 * boxes and codes goes back.
 */
import { constants, setPriority } from 'node:os'
import { DicomError, readDicom } from '../dicom/index.ts'
import { DeidError } from '../errors.ts'
import { createTextDetector } from '../pixels/detect/index.ts'
import { frameCountOf, grayImages } from '../pixels/frames/index.ts'
import type { TextBox } from '../pixels/model.ts'
import { loadFrameCodecs } from './frame-codecs.ts'
import type { Source } from './inputs.ts'
import { createSourceReader } from './source.ts'
import { loadTextNetwork } from './text-network.ts'
import type { LookedFrame, TextAnswer, TextJob } from './text-pool.ts'

// Header work comes first wherever both want a core.
setPriority(constants.priority.PRIORITY_LOW)

/** Larger ones would not fit a child's memory. */
const MAX_FILE_BYTES = 2 * 1024 * 1024 * 1024

const reader = createSourceReader()
const ready = Promise.all([loadFrameCodecs(), loadTextNetwork()])

process.on('disconnect', () => process.exit(0))
process.on('message', (job: TextJob) => {
  void answerTo(job).then((answer) => process.send?.(answer))
})

/** Pixel data too: frames are decoded here. */
function wholeOf(source: Source): Uint8Array {
  const input = reader.open(source)
  if (input instanceof Uint8Array) return input
  try {
    if (input.size > MAX_FILE_BYTES) throw new DicomError('DICOM_TOO_LARGE', 'for the detector')
    return input.read(0, input.size)
  } finally {
    input.close()
  }
}

async function answerTo({ source, frames }: TextJob): Promise<TextAnswer> {
  try {
    const [codecs, network] = await ready
    const detector = createTextDetector(network)
    const { dataSet, transferSyntaxUid } = readDicom(wholeOf(source))
    const all = Array.from({ length: frameCountOf(dataSet) }, (_, at) => at + 1)
    const looked: LookedFrame[] = []
    for (const frame of frames === 'all' ? all : frames) {
      const boxes: TextBox[] = []
      for (const image of grayImages(dataSet, transferSyntaxUid, frame, codecs)) {
        boxes.push(...(await detector.detect(image)))
      }
      looked.push({ frame, boxes })
    }
    return { kind: 'looked', frames: looked }
  } catch (error) {
    // Only the code leaves: messages of foreign errors may hold values.
    const isCoded = error instanceof DicomError || error instanceof DeidError
    return { kind: 'failed', code: isCoded ? error.code : 'DEID_INTERNAL' }
  }
}
