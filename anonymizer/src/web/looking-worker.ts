/** The Web Worker in which the detector looks at frames: slow and large, so apart from the others. */
import { readDicom } from '../dicom/index.ts'
import { grayImages } from '../pixels/frames/index.ts'
import { loadFrameCodecs } from './frame-codecs.ts'
import { readFile } from './open-file.ts'
import type { LookedFrame, WorkerAnswer, WorkerRequest } from './protocol.ts'
import { refusalOf } from './refusal.ts'
import { createTextDetector } from './text-detector.ts'

const codecs = loadFrameCodecs()
const detector = createTextDetector()

self.onmessage = ({ data }: MessageEvent<WorkerRequest | undefined>) => {
  if (data?.kind !== 'look') return
  void answer(data.file, data.frames).then((message) => {
    self.postMessage(message)
  })
}

async function answer(file: Blob, frames: readonly number[]): Promise<WorkerAnswer> {
  try {
    const { dataSet, transferSyntaxUid } = readDicom(await readFile(file))
    const looked: LookedFrame[] = []
    for (const frame of frames) {
      const renderings = grayImages(dataSet, transferSyntaxUid, frame, await codecs)
      looked.push({ frame, boxes: await (await detector).detect(renderings) })
    }
    return { kind: 'looked', frames: looked }
  } catch (error) {
    return refusalOf(error)
  }
}
