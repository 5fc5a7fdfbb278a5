/**
 * One frame as PS3.18 8.3.5 has it rendered: window (PS3.3 C.11.2.1.2), a region of it, a largest size.
 * In: a decoded data set. Out: one channel for gray, three for colour, 8 bits each, rows after each
 * other. Lookup tables of modality and VOI are not applied.
 */
import { type DataSet, getString } from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import type { DecodedFrame, FrameCodecs } from '../model.ts'
import { decodedFrame } from './bytes.ts'
import { rgbOf } from './colour.ts'
import { isGray, rangeOf, valuesOf } from './gray.ts'
import { rescaleOf, windowOf } from './window.ts'

export interface RenderedImage {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly pixels: Uint8Array
}

export interface RenderLook {
  /** In values of the modality; the header's, or that of the values, where there is none. */
  readonly window:
    | {
        readonly center: number
        readonly width: number
        readonly shape: 'linear' | 'linear-exact' | 'sigmoid'
      }
    | undefined
  /** The largest size; `source`: of the image, to its other edge where a size is 0, mirrored where negative. */
  readonly viewport:
    | {
        readonly width: number
        readonly height: number
        readonly source:
          | {
              readonly left: number
              readonly top: number
              readonly width: number
              readonly height: number
            }
          | undefined
      }
    | undefined
}

export function renderFrame(
  dataSet: DataSet,
  transferSyntaxUid: string,
  frame: number,
  codecs: FrameCodecs,
  look: RenderLook,
): RenderedImage {
  const decoded = decodedFrame(dataSet, transferSyntaxUid, frame, codecs)
  const { rows, columns, photometricInterpretation } = decoded.shape
  const image: RenderedImage = isGray(photometricInterpretation, decoded)
    ? { width: columns, height: rows, channels: 1, pixels: grayOf(dataSet, decoded, frame, look) }
    : { width: columns, height: rows, channels: 3, pixels: rgbOf(dataSet, decoded) }
  return look.viewport === undefined ? image : scaled(image, look.viewport)
}

function grayOf(
  dataSet: DataSet,
  decoded: DecodedFrame,
  frame: number,
  { window }: RenderLook,
): Uint8Array {
  const values = valuesOf(decoded)
  const level = window === undefined ? ownLevel(dataSet, values, frame) : levelOf(window)
  const { slope, intercept } =
    window === undefined ? { slope: 1, intercept: 0 } : rescaleOf(dataSet, frame)
  const isInverted =
    decoded.shape.photometricInterpretation === 'MONOCHROME1' ||
    getString(dataSet, '20500020') === 'INVERSE'
  const out = new Uint8ClampedArray(values.length)
  for (let at = 0; at < values.length; at++) {
    const shown = level((values[at] ?? 0) * slope + intercept)
    out[at] = isInverted ? 255 - shown : shown
  }
  return new Uint8Array(out.buffer)
}

/** Of stored values: by the header's window, else by what most of them are. */
function ownLevel(dataSet: DataSet, values: Float64Array, frame: number) {
  const { low, high } = rangeOf(values, undefined)
  const { black, white } = windowOf(dataSet, frame) ?? { black: low, white: high }
  const slope = 255 / (white - black || 1)
  return (value: number) => (value - black) * slope
}

function levelOf({ center, width, shape }: NonNullable<RenderLook['window']>) {
  switch (shape) {
    case 'linear': {
      // A window of one value is a threshold.
      const span = Math.max(width - 1, Number.MIN_VALUE)
      return (value: number) => ((value - (center - 0.5)) / span + 0.5) * 255
    }
    case 'linear-exact':
      return (value: number) => ((value - center) / width + 0.5) * 255
    case 'sigmoid':
      return (value: number) => 255 / (1 + Math.exp((-4 * (value - center)) / width))
  }
}

/** Into the viewport, in its proportions; each pixel is the mean of what it covers. */
function scaled(
  image: RenderedImage,
  viewport: NonNullable<RenderLook['viewport']>,
): RenderedImage {
  const region = regionOf(image, viewport.source)
  const scale = Math.min(viewport.width / region.width, viewport.height / region.height)
  const width = Math.max(1, Math.round(region.width * scale))
  const height = Math.max(1, Math.round(region.height * scale))
  const columns = spansOf(region.left, region.width, width, region.isMirrored)
  const rows = spansOf(region.top, region.height, height, region.isFlipped)
  const { channels } = image
  const pixels = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const [top = 0, bottom = 0] = rows[y] ?? []
    for (let x = 0; x < width; x++) {
      const [left = 0, right = 0] = columns[x] ?? []
      for (let channel = 0; channel < channels; channel++) {
        pixels[(y * width + x) * channels + channel] = meanOf(
          image,
          { left, right, top, bottom },
          channel,
        )
      }
    }
  }
  return { width, height, channels, pixels }
}

function regionOf(
  { width, height }: RenderedImage,
  source: NonNullable<RenderLook['viewport']>['source'],
) {
  const left = Math.floor(source?.left ?? 0)
  const top = Math.floor(source?.top ?? 0)
  if (left >= width || top >= height) refuse('the region lies outside of the image')
  const wanted = { width: source?.width ?? 0, height: source?.height ?? 0 }
  const fit = (size: number, from: number, whole: number) =>
    Math.max(1, Math.min(size === 0 ? whole : Math.round(Math.abs(size)), whole - from))
  return {
    left,
    top,
    width: fit(wanted.width, left, width),
    height: fit(wanted.height, top, height),
    isMirrored: wanted.width < 0,
    isFlipped: wanted.height < 0,
  }
}

/** From and to (excluded), in whole pixels, of each pixel of the result. */
function spansOf(
  from: number,
  length: number,
  count: number,
  isReversed: boolean,
): (readonly [number, number])[] {
  const spans = Array.from({ length: count }, (_, at) => {
    const first = Math.floor((at * length) / count)
    const last = Math.max(first + 1, Math.floor(((at + 1) * length) / count))
    return [from + first, from + last] as const
  })
  return isReversed ? spans.reverse() : spans
}

function meanOf(
  { pixels, width, channels }: RenderedImage,
  { left, right, top, bottom }: { left: number; right: number; top: number; bottom: number },
  channel: number,
): number {
  let sum = 0
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) sum += pixels[(y * width + x) * channels + channel] ?? 0
  }
  return Math.round(sum / ((right - left) * (bottom - top)))
}
