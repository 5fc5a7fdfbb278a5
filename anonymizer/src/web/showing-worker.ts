/** The Web Worker that draws frames of an archive: it knows no key and no original. */
import { dataSet, type Element, isEncapsulated, value } from '../dicom/index.ts'
import { rgbaImage } from '../pixels/frames/index.ts'
import { loadFrameCodecs } from './frame-codecs.ts'
import type { Picture, StoredFrame, WorkerAnswer, WorkerRequest } from './protocol.ts'
import { refusalOf } from './refusal.ts'

const codecs = loadFrameCodecs()

self.onmessage = ({ data }: MessageEvent<WorkerRequest | undefined>) => {
  if (data?.kind !== 'draw') return
  void answer(data.stored).then((message) => {
    const transfer = message.kind === 'shown' ? [message.picture.pixels.buffer] : []
    self.postMessage(message, { transfer })
  })
}

async function answer(frame: StoredFrame): Promise<WorkerAnswer> {
  try {
    return { kind: 'shown', picture: draw(frame, await codecs) }
  } catch (error) {
    return refusalOf(error)
  }
}

function draw(frame: StoredFrame, using: Awaited<typeof codecs>): Picture {
  return rgbaImage(imageOf(frame), frame.transferSyntaxUid, 1, using)
}

/** An image of one frame with just what drawing asks for. */
function imageOf(frame: StoredFrame) {
  const { windowCenter, windowWidth, stored } = frame
  const pixels: Element = isEncapsulated(frame.transferSyntaxUid)
    ? {
        kind: 'fragments',
        tag: '7FE00010',
        vr: 'OB',
        offsetTable: new Uint8Array(),
        fragments: [stored],
      }
    : { kind: 'value', tag: '7FE00010', vr: 'OW', bytes: stored }
  return dataSet([
    value('00280002', 'US', frame.samplesPerPixel),
    value('00280004', 'CS', frame.photometricInterpretation),
    ...(frame.samplesPerPixel > 1 ? [value('00280006', 'US', frame.isPlanar ? 1 : 0)] : []),
    value('00280010', 'US', frame.rows),
    value('00280011', 'US', frame.columns),
    value('00280100', 'US', frame.bitsAllocated),
    value('00280101', 'US', frame.bitsStored),
    value('00280102', 'US', frame.bitsStored - 1),
    value('00280103', 'US', frame.isSigned ? 1 : 0),
    ...(windowCenter === undefined || windowWidth === undefined
      ? []
      : [value('00281050', 'DS', windowCenter), value('00281051', 'DS', windowWidth)]),
    value('00281052', 'DS', frame.rescaleIntercept),
    value('00281053', 'DS', frame.rescaleSlope),
    pixels,
  ])
}
