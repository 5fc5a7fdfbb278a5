/**
 * Draws one slice on a plain canvas, without WebGL: of many small pictures on one page each would
 * cost a context, and a browser has few. For images that are not in the archive yet.
 */
import type { UploadImage } from '@pandok/contract'
import cornerstone from 'cornerstone-core'

/** True when the pixels can be drawn as they are stored (PS3.5 8.1.1, monochrome). */
export function canPreview(image: UploadImage): boolean {
  return image.isNative && image.samplesPerPixel === 1 && [8, 16].includes(image.bitsAllocated)
}

/** `stored`: Pixel Data of one frame, little endian. IMAGING_FRAME_LENGTH when it does not fit. */
export function drawSlice(
  canvas: HTMLCanvasElement,
  image: UploadImage,
  stored: ArrayBuffer,
): void {
  const { rows, columns, rescaleSlope: slope, rescaleIntercept: intercept } = image
  const pixels = valuesOf(image, stored)
  if (pixels.length < rows * columns) throw new Error('IMAGING_FRAME_LENGTH')
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of pixels) {
    if (value < least) least = value
    if (value > most) most = value
  }
  cornerstone.renderToCanvas(canvas, {
    imageId: image.sha256,
    rows,
    columns,
    height: rows,
    width: columns,
    color: false,
    slope,
    intercept,
    invert: image.isInverted,
    windowCenter: image.windowCenter ?? ((least + most) / 2) * slope + intercept,
    windowWidth: Math.max(1, image.windowWidth ?? (most - least) * slope),
    minPixelValue: least,
    maxPixelValue: most,
    sizeInBytes: stored.byteLength,
    columnPixelSpacing: undefined,
    rowPixelSpacing: undefined,
    getPixelData: () => pixels,
  })
}

/** Stored values; bits above Bits Stored are not part of them (PS3.5 8.1.1). */
function valuesOf(image: UploadImage, stored: ArrayBuffer) {
  const { bitsAllocated, bitsStored, isSigned } = image
  if (bitsAllocated === 8) return isSigned ? new Int8Array(stored) : new Uint8Array(stored)
  const pixels = isSigned ? new Int16Array(stored) : new Uint16Array(stored)
  const spare = 16 - bitsStored
  if (spare === 0) return pixels
  // Up and down again: the sign follows from the highest stored bit.
  return pixels.map((value) =>
    isSigned ? (value << (spare + 16)) >> (spare + 16) : value & (0xffff >> spare),
  )
}
