/**
 * Renderings of one frame for the text detector: at most two, so chosen that strokes of any gray
 * level and of any colour stand out in one of them.
 *
 * Gray frames: (1) the full range. The middle 99 % of the values get most of the scale, and those
 * beyond keep a part of it, so that text at the highest value still differs from bone, and text at
 * the lowest from air. (2) The window that the header proposes, where text drawn for it may be.
 * Colour: (1) luma; (2) the colour difference that varies most, for strokes as bright as their
 * ground.
 */
import { type DataSet, getNumber } from '../../dicom/index.ts'
import type { DecodedFrame, FrameCodecs, GrayImage } from '../model.ts'
import { decodedFrame } from './bytes.ts'
import { rgbOf } from './colour.ts'
import { sampleReader } from './samples.ts'
import { windowOf } from './window.ts'

export function grayImages(
  dataSet: DataSet,
  transferSyntaxUid: string,
  frame: number,
  codecs: FrameCodecs,
): GrayImage[] {
  const decoded = decodedFrame(dataSet, transferSyntaxUid, frame, codecs)
  const { rows, columns, photometricInterpretation } = decoded.shape
  const renderings = isGray(photometricInterpretation, decoded)
    ? grayRenderings(dataSet, decoded, frame)
    : colourRenderings(rgbOf(dataSet, decoded))
  return renderings.map((pixels) => ({ width: columns, height: rows, pixels }))
}

export function isGray(photometricInterpretation: string, { shape }: DecodedFrame): boolean {
  return shape.samplesPerPixel === 1 && photometricInterpretation !== 'PALETTE COLOR'
}

function grayRenderings(dataSet: DataSet, frame: DecodedFrame, number: number): Uint8Array[] {
  const values = valuesOf(frame)
  const isInverted = frame.shape.photometricInterpretation === 'MONOCHROME1'
  const range = rangeOf(values, getNumberOrNone(dataSet, '00280120'))
  const full = mapped(values, fullRange(range), isInverted)
  const window = windowOf(dataSet, number)
  if (window === undefined || frame.shape.bitsAllocated === 1) return [full]
  const span = range.high - range.low
  const isSame =
    Math.abs(window.black - range.low) < span / 10 &&
    Math.abs(window.white - range.high) < span / 10
  if (isSame) return [full]
  const slope = 255 / (window.white - window.black)
  return [full, mapped(values, (value) => (value - window.black) * slope, isInverted)]
}

/** Values of a gray frame; what is no number counts as 0. */
export function valuesOf(frame: DecodedFrame): Float64Array {
  const read = sampleReader(frame)
  const { rows, columns } = frame.shape
  const values = new Float64Array(rows * columns)
  for (let at = 0; at < values.length; at++) {
    const value = read(at)
    values[at] = Number.isFinite(value) ? value : 0
  }
  return values
}

export interface ValueRange {
  readonly lowest: number
  /** 0.5 % are below. */
  readonly low: number
  /** 0.5 % are above. */
  readonly high: number
  readonly highest: number
}

const MAX_SORTED = 65_536

/** `padding` is what lies outside of what was measured; it would stretch the range. */
export function rangeOf(values: Float64Array, padding: number | undefined): ValueRange {
  const measured = padding === undefined ? values : values.filter((value) => value !== padding)
  const all = measured.length === 0 ? values : measured
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (const value of all) {
    if (value < lowest) lowest = value
    if (value > highest) highest = value
  }
  // Shares of the whole are known well enough from some of it.
  const step = Math.ceil(all.length / MAX_SORTED)
  const sorted = Float64Array.from(
    { length: Math.ceil(all.length / step) },
    (_, at) => all[at * step] ?? 0,
  ).sort()
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { lowest, low: at(0.005), high: at(0.995), highest }
}

const MARGIN = 24

function fullRange({ lowest, low, high, highest }: ValueRange): (value: number) => number {
  if (low === high) return (value) => ((value - lowest) * 255) / (highest - lowest || 1)
  return (value) => {
    if (value < low) return MARGIN - ((low - value) * MARGIN) / (low - lowest)
    if (value > high) return 255 - MARGIN + ((value - high) * MARGIN) / (highest - high)
    return MARGIN + ((value - low) * (255 - 2 * MARGIN)) / (high - low)
  }
}

function mapped(
  values: Float64Array,
  level: (value: number) => number,
  isInverted: boolean,
): Uint8Array {
  const out = new Uint8ClampedArray(values.length)
  for (let at = 0; at < values.length; at++) {
    const shown = level(values[at] ?? 0)
    out[at] = isInverted ? 255 - shown : shown
  }
  return new Uint8Array(out.buffer)
}

/** Below this spread, colour differences are noise of compression. */
const COLOURED = 24

function colourRenderings(rgb: Uint8Array): Uint8Array[] {
  const count = rgb.length / 3
  const luma = new Uint8ClampedArray(count)
  const redness = new Float64Array(count)
  const blueness = new Float64Array(count)
  for (let pixel = 0; pixel < count; pixel++) {
    const red = rgb[pixel * 3] ?? 0
    const blue = rgb[pixel * 3 + 2] ?? 0
    const y = 0.299 * red + 0.587 * (rgb[pixel * 3 + 1] ?? 0) + 0.114 * blue
    luma[pixel] = y
    redness[pixel] = red - y
    blueness[pixel] = blue - y
  }
  const [strongest] = [redness, blueness]
    .map((difference) => ({ difference, range: rangeOf(difference, undefined) }))
    .sort((a, b) => spread(b.range) - spread(a.range))
  const gray = new Uint8Array(luma.buffer)
  if (strongest === undefined || spread(strongest.range) < COLOURED) return [gray]
  return [gray, mapped(strongest.difference, fullRange(strongest.range), false)]
}

function spread({ lowest, highest }: ValueRange): number {
  return highest - lowest
}

function getNumberOrNone(dataSet: DataSet, tag: string): number | undefined {
  try {
    return getNumber(dataSet, tag)
  } catch {
    return undefined
  }
}
