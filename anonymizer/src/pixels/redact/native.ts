/** Blanks boxes in native pixel data (PS3.5 8.1); all else stays bit by bit. */
import { type DataSet, type Element, value } from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import { frameBytes, nativePixels } from '../frames/bytes.ts'
import { frameBitsOf, frameShapeOf, pixelTagOf } from '../frames/shape.ts'
import type { DecodedFrame } from '../model.ts'
import { blankSamples } from './blank.ts'
import type { BoxesByFrame } from './boxes.ts'
import { fillBoxes, setBit } from './fill.ts'

/** The pixel data element to put in place of the old one. */
export function redactNative(
  dataSet: DataSet,
  transferSyntaxUid: string,
  boxes: BoxesByFrame,
): Element {
  const shape = frameShapeOf(dataSet)
  const bits = frameBitsOf(shape)
  const tag = pixelTagOf(dataSet) ?? refuse('there is no pixel data')
  const element = dataSet.get(tag)
  if (element?.kind !== 'value') return refuse('there is no native pixel data')
  const out = nativePixels(dataSet).slice()
  for (const [number, frameBoxes] of boxes) {
    const frame: DecodedFrame = {
      bytes: frameBytes(dataSet, transferSyntaxUid, number).slice(),
      shape,
    }
    fillBoxes(frame, frameBoxes, blankSamples(dataSet, frame, frameBoxes))
    putFrame(frame.bytes, out, bits * (number - 1), bits)
  }
  return value(tag, element.vr, out)
}

/** Frames of one bit need not begin on a byte. */
function putFrame(frame: Uint8Array, out: Uint8Array, start: number, bits: number): void {
  if (start % 8 === 0 && bits % 8 === 0) {
    out.set(frame, start / 8)
    return
  }
  for (let at = 0; at < bits; at++) {
    setBit(out, start + at, (((frame[at >> 3] ?? 0) >> (at & 7)) & 1) === 1)
  }
}
