/** One frame as a person sees it: by the header's window, or by the range of its values. */
import type { DataSet } from '../../dicom/index.ts'
import type { FrameCodecs } from '../model.ts'
import { decodedFrame } from './bytes.ts'
import { rgbOf } from './colour.ts'
import { isGray, rangeOf, valuesOf } from './gray.ts'
import { windowOf } from './window.ts'

export interface RgbaImage {
  readonly width: number
  readonly height: number
  /** Four bytes a pixel, rows after each other, opaque. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
}

export function rgbaImage(
  dataSet: DataSet,
  transferSyntaxUid: string,
  frame: number,
  codecs: FrameCodecs,
): RgbaImage {
  const decoded = decodedFrame(dataSet, transferSyntaxUid, frame, codecs)
  const { rows, columns, photometricInterpretation } = decoded.shape
  const pixels = new Uint8ClampedArray(rows * columns * 4).fill(255)
  if (isGray(photometricInterpretation, decoded)) {
    const values = valuesOf(decoded)
    const { low, high } = rangeOf(values, undefined)
    const { black, white } = windowOf(dataSet, frame) ?? { black: low, white: high }
    const slope = 255 / (white - black || 1)
    const isInverted = photometricInterpretation === 'MONOCHROME1'
    values.forEach((value, at) => {
      const level = (value - black) * slope
      const shown = isInverted ? 255 - level : level
      for (let channel = 0; channel < 3; channel++) pixels[at * 4 + channel] = shown
    })
  } else {
    const rgb = rgbOf(dataSet, decoded)
    for (let at = 0; at < rows * columns; at++) {
      for (let channel = 0; channel < 3; channel++) {
        pixels[at * 4 + channel] = rgb[at * 3 + channel] ?? 0
      }
    }
  }
  return { width: columns, height: rows, pixels }
}
