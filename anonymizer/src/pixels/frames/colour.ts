/** A frame in colour, as red, green and blue of 8 bits (PS3.3 C.7.6.3.1.2). */
import type { DataSet } from '../../dicom/index.ts'
import { refuse } from '../codecs/refuse.ts'
import type { DecodedFrame } from '../model.ts'
import { paletteIndex, paletteOf } from './palette.ts'
import { sampleIndex, sampleReader } from './samples.ts'
import { isHalved } from './shape.ts'

/** Three bytes a pixel, rows after each other. */
export function rgbOf(dataSet: DataSet, frame: DecodedFrame): Uint8Array {
  if (frame.shape.samplesPerPixel === 1) return throughPalette(dataSet, frame)
  const components = isHalved(frame.shape) ? unhalved(frame) : eightBits(frame)
  return frame.shape.photometricInterpretation.startsWith('YBR')
    ? toRgb(components, frame.shape.photometricInterpretation.startsWith('YBR_PARTIAL'))
    : components
}

function throughPalette(dataSet: DataSet, frame: DecodedFrame): Uint8Array {
  const palette = paletteOf(dataSet) ?? refuse('the palette cannot be read')
  const { rows, columns } = frame.shape
  const read = sampleReader(frame)
  const out = new Uint8Array(rows * columns * 3)
  for (let pixel = 0; pixel < rows * columns; pixel++) {
    const entry = paletteIndex(palette, read(pixel))
    out[pixel * 3] = palette.red[entry] ?? 0
    out[pixel * 3 + 1] = palette.green[entry] ?? 0
    out[pixel * 3 + 2] = palette.blue[entry] ?? 0
  }
  return out
}

function eightBits(frame: DecodedFrame): Uint8Array {
  const { shape } = frame
  const read = sampleReader(frame)
  const shift = 2 ** Math.max(0, shape.bitsStored - 8)
  const out = new Uint8Array(shape.rows * shape.columns * 3)
  for (let pixel = 0; pixel < shape.rows * shape.columns; pixel++) {
    for (let component = 0; component < 3; component++) {
      out[pixel * 3 + component] = read(sampleIndex(shape, pixel, component)) / shift
    }
  }
  return out
}

/** Y Y Cb Cr for two neighbours becomes Y Cb Cr for each. */
function unhalved({ bytes, shape }: DecodedFrame): Uint8Array {
  const pixels = shape.rows * shape.columns
  const out = new Uint8Array(pixels * 3)
  for (let pixel = 0; pixel < pixels; pixel++) {
    const pair = (pixel >> 1) * 4
    out[pixel * 3] = bytes[pair + (pixel & 1)] ?? 0
    out[pixel * 3 + 1] = bytes[pair + 2] ?? 0
    out[pixel * 3 + 2] = bytes[pair + 3] ?? 0
  }
  return out
}

function toRgb(components: Uint8Array, isPartial: boolean): Uint8Array {
  const out = new Uint8ClampedArray(components.length)
  for (let at = 0; at < components.length; at += 3) {
    const y = components[at] ?? 0
    const blue = (components[at + 1] ?? 0) - 128
    const red = (components[at + 2] ?? 0) - 128
    const luma = isPartial ? (y - 16) * (255 / 219) : y
    const scale = isPartial ? 255 / 224 : 1
    out[at] = luma + 1.402 * scale * red
    out[at + 1] = luma - scale * (0.344136 * blue + 0.714136 * red)
    out[at + 2] = luma + 1.772 * scale * blue
  }
  return new Uint8Array(out.buffer)
}
