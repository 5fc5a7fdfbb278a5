/** Draws frames that are compressed or in colour: in a worker, which all previews share. */
import { type ShowAnswer, type ShowingWorker, startShowingWorker } from '@pandok/anonymizer/web'
import type { UploadImage } from '@pandok/contract'

let worker: ShowingWorker | undefined

/** `stored`: one frame as the server has it. */
export function drawStored(image: UploadImage, stored: ArrayBuffer): Promise<ShowAnswer> {
  worker ??= startShowingWorker()
  const { transferSyntaxUid, photometricInterpretation, isPlanar, isSigned } = image
  const { rows, columns, samplesPerPixel, bitsAllocated, bitsStored } = image
  const { rescaleSlope, rescaleIntercept, windowCenter, windowWidth } = image
  return worker.draw({
    transferSyntaxUid,
    photometricInterpretation,
    isPlanar,
    isSigned,
    rows,
    columns,
    samplesPerPixel,
    bitsAllocated,
    bitsStored,
    rescaleSlope,
    rescaleIntercept,
    windowCenter: windowCenter ?? undefined,
    windowWidth: windowWidth ?? undefined,
    stored: new Uint8Array(stored),
  })
}
