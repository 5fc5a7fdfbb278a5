/**
 * Samples of one native frame of whole numbers, and back (PS3.3 C.7.6.3). Only what is stored counts:
 * bits beside Bits Stored, where old files keep overlays, are none of the sample.
 */
import type { FrameShape } from '../model.ts'

/** Whether the frame is one of grey values that can be read here. */
export function isGray({ samplesPerPixel, bitsAllocated, isFloat }: FrameShape): boolean {
  return samplesPerPixel === 1 && !isFloat && [8, 16, 32].includes(bitsAllocated)
}

/** Row after row. */
export function readSamples(bytes: Uint8Array, shape: FrameShape): Float64Array {
  const { bitsAllocated, bitsStored, highBit, isSigned } = shape
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const samples = new Float64Array(shape.rows * shape.columns)
  const unused = 32 - bitsStored
  for (let at = 0; at < samples.length; at++) {
    const raw = readRaw(view, at, bitsAllocated) << (31 - highBit)
    samples[at] = isSigned ? raw >> unused : raw >>> unused
  }
  return samples
}

/** Tissue brighter than air, also where the greatest value is displayed darkest. */
export function brightOf(samples: Float64Array, shape: FrameShape): Float64Array {
  return shape.photometricInterpretation === 'MONOCHROME1' ? samples.map((each) => -each) : samples
}

function readRaw(view: DataView, at: number, bits: FrameShape['bitsAllocated']): number {
  if (bits === 8) return view.getUint8(at)
  return bits === 16 ? view.getUint16(at * 2, true) : view.getUint32(at * 4, true)
}

export function writeSample(bytes: Uint8Array, at: number, sample: number, shape: FrameShape) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kept = (sample << (32 - shape.bitsStored)) >>> (31 - shape.highBit)
  if (shape.bitsAllocated === 8) view.setUint8(at, kept)
  else if (shape.bitsAllocated === 16) view.setUint16(at * 2, kept, true)
  else view.setUint32(at * 4, kept, true)
}

/** The nearest value that can be stored. */
export function clampSample(sample: number, { bitsStored, isSigned }: FrameShape): number {
  const least = isSigned ? -(2 ** (bitsStored - 1)) : 0
  const most = least + 2 ** bitsStored - 1
  return Math.min(Math.max(Math.round(sample), least), most)
}
