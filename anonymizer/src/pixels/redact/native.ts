/** Changes frames of native pixel data (PS3.5 8.1); all else stays bit by bit. */
import { type DataSet, type Element, value } from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import { frameBytes, nativePixels } from '../frames/bytes.ts'
import { frameBitsOf, frameCountOf, frameShapeOf, pixelTagOf } from '../frames/shape.ts'
import { setBit } from './fill.ts'
import type { FrameChange } from './frame-change.ts'

/** The pixel data element to put in place of the old one. */
export function changeNative(
  dataSet: DataSet,
  transferSyntaxUid: string,
  change: FrameChange,
): Element {
  const shape = frameShapeOf(dataSet)
  const bits = frameBitsOf(shape)
  const tag = pixelTagOf(dataSet) ?? refuse('there is no pixel data')
  const element = dataSet.get(tag)
  if (element?.kind !== 'value') return refuse('there is no native pixel data')
  const out = new Uint8Array(nativePixels(dataSet))
  for (let number = 1; number <= frameCountOf(dataSet); number++) {
    if (!change.touches(number)) continue
    // A copy: Node's buffers share memory with their slices.
    const bytes = new Uint8Array(frameBytes(dataSet, transferSyntaxUid, number))
    putFrame(change.apply({ bytes, shape }, number).bytes, out, bits * (number - 1), bits)
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
