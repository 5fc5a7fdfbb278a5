/** The bytes of one frame, as they are stored and decoded (PS3.5 8.1, A.4). Frames count from 1. */

import { type DataSet, fragmentsByFrame, getBytes, isEncapsulated } from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import type { DecodedFrame, FrameCodecs } from '../model.ts'
import { frameBitsOf, frameCountOf, frameShapeOf, PIXEL_DATA, pixelTagOf } from './shape.ts'

/** Encoded or native bytes of one frame; native frames of one bit start at a byte's lowest bit. */
export function frameBytes(dataSet: DataSet, transferSyntaxUid: string, frame: number): Uint8Array {
  const count = frameCountOf(dataSet)
  if (!Number.isInteger(frame) || frame < 1 || frame > count) refuse('there is no such frame')
  if (isEncapsulated(transferSyntaxUid)) {
    const element = dataSet.get(PIXEL_DATA)
    if (element?.kind !== 'fragments') return refuse('the pixel data is not encapsulated')
    return joined(fragmentsByFrame(element, dataSet, transferSyntaxUid, count)[frame - 1] ?? [])
  }
  const bits = frameBitsOf(frameShapeOf(dataSet))
  const bytes = nativePixels(dataSet)
  if (bytes.length * 8 < bits * count) refuse('the pixel data is shorter than its frames')
  const start = bits * (frame - 1)
  if (start % 8 === 0) return bytes.subarray(start / 8, start / 8 + Math.ceil(bits / 8))
  const out = new Uint8Array(Math.ceil(bits / 8))
  for (let at = 0; at < bits; at++) {
    const from = start + at
    if (((bytes[from >> 3] ?? 0) >> (from & 7)) & 1)
      out[at >> 3] = (out[at >> 3] ?? 0) | (1 << (at & 7))
  }
  return out
}

export function decodedFrame(
  dataSet: DataSet,
  transferSyntaxUid: string,
  frame: number,
  codecs: FrameCodecs,
): DecodedFrame {
  const bytes = frameBytes(dataSet, transferSyntaxUid, frame)
  const shape = frameShapeOf(dataSet)
  if (!isEncapsulated(transferSyntaxUid)) return { bytes, shape }
  return codecs.decode(transferSyntaxUid, bytes, shape)
}

export function nativePixels(dataSet: DataSet): Uint8Array {
  const tag = pixelTagOf(dataSet)
  const bytes = tag === undefined ? undefined : getBytes(dataSet, tag)
  return bytes ?? refuse('there is no native pixel data')
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
