/** Writes blank samples into the boxes of one frame, in place. */
import { sampleBytesOf } from '../codecs/layout.ts'
import { sampleIndex } from '../frames/samples.ts'
import { isHalved } from '../frames/shape.ts'
import type { Box, DecodedFrame } from '../model.ts'

/** `blank`: the encoded sample of each component. */
export function fillBoxes(
  { bytes, shape }: DecodedFrame,
  boxes: readonly Box[],
  blank: readonly Uint8Array[],
): void {
  if (shape.bitsAllocated === 1) return fillBits({ bytes, shape }, boxes, blank[0]?.[0] === 1)
  if (isHalved(shape)) return fillPairs({ bytes, shape }, boxes, blank)
  const size = sampleBytesOf(shape)
  eachPixel(boxes, shape.columns, (pixel) => {
    blank.forEach((sample, component) => {
      bytes.set(sample, sampleIndex(shape, pixel, component) * size)
    })
  })
}

function eachPixel(boxes: readonly Box[], columns: number, visit: (pixel: number) => void): void {
  for (const { left, top, width, height } of boxes) {
    for (let row = top; row < top + height; row++) {
      for (let column = left; column < left + width; column++) visit(row * columns + column)
    }
  }
}

function fillBits({ bytes, shape }: DecodedFrame, boxes: readonly Box[], isSet: boolean): void {
  eachPixel(boxes, shape.columns, (pixel) => {
    setBit(bytes, pixel, isSet)
  })
}

export function setBit(bytes: Uint8Array, at: number, isSet: boolean): void {
  const byte = bytes[at >> 3] ?? 0
  const bit = 1 << (at & 7)
  bytes[at >> 3] = isSet ? byte | bit : byte & ~bit
}

/** Two neighbours share their chrominance: a box takes both of them. */
function fillPairs(
  { bytes, shape }: DecodedFrame,
  boxes: readonly Box[],
  blank: readonly Uint8Array[],
): void {
  const [y = 0, blue = 0, red = 0] = blank.map(([byte]) => byte ?? 0)
  eachPixel(boxes, shape.columns, (pixel) => {
    bytes.set([y, y, blue, red], (pixel >> 1) * 4)
  })
}
