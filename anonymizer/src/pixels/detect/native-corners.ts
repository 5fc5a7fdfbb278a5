/** The signatures of native monochrome frames, from their stored samples: no frame is rendered. */
import { type DataSet, getNumber, getString } from '../../dicom/index.ts'
import { cornerSignature } from './corner-signature.ts'

/** A stroke is steeper than this part of the range of values. */
const EDGE_PART = 1 / 8
/** The range is estimated from every so many samples. */
const RANGE_STEP = 509

/** '' for each frame that is not of whole 8 or 16 bit samples in memory. */
export function nativeCorners(dataSet: DataSet): string[] {
  const frames = getNumber(dataSet, '00280008') ?? 1
  const cornersOf = createCorners(dataSet)
  return Array.from({ length: frames }, (_, at) => cornersOf(at + 1))
}

/** As nativeCorners, of one frame from 1. */
export function nativeCornersOf(dataSet: DataSet, frame: number): string {
  return createCorners(dataSet)(frame)
}

function createCorners(dataSet: DataSet): (frame: number) => string {
  const samples = samplesOf(dataSet)
  const height = getNumber(dataSet, '00280010') ?? 0
  const width = getNumber(dataSet, '00280011') ?? 0
  const size = width * height
  return (frame) => {
    const pixels = samples?.subarray((frame - 1) * size, frame * size)
    if (pixels === undefined || pixels.length !== size || size === 0) return ''
    return cornerSignature({ width, height, pixels }, edgeOf(pixels))
  }
}

type Samples = Uint8Array | Uint16Array | Int16Array

function samplesOf(dataSet: DataSet): Samples | undefined {
  const element = dataSet.get('7FE00010')
  const isGray = getString(dataSet, '00280004').startsWith('MONOCHROME')
  if (element?.kind !== 'value' || !isGray) return undefined
  const { bytes } = element
  switch (getNumber(dataSet, '00280100')) {
    case 8:
      return bytes
    case 16: {
      const whole = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice()
      return getNumber(dataSet, '00280103') === 1
        ? new Int16Array(whole.buffer, whole.byteOffset, whole.length >> 1)
        : new Uint16Array(whole.buffer, whole.byteOffset, whole.length >> 1)
    }
    default:
      return undefined
  }
}

function edgeOf(pixels: Samples): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let at = 0; at < pixels.length; at += RANGE_STEP) {
    const value = pixels[at] ?? 0
    if (value < low) low = value
    if (value > high) high = value
  }
  return Math.max(1, Math.ceil((high - low) * EDGE_PART))
}
