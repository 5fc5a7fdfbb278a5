/**
 * Brings a frame to the size that the network reads best. In: gray pixels. Out: gray values on a grid
 * of other steps, of which the network gets tiles.
 */
import type { GrayImage } from '../model.ts'

/** A frame on another grid: its pixel (x, y) lies at (x · scaleX, y · scaleY). */
export interface Sampled {
  readonly width: number
  readonly height: number
  readonly scaleX: number
  readonly scaleY: number
  readonly values: Float32Array
}

/** The network halves its input five times. */
export const STEP = 32

/** Linear between pixels. */
export function sample(image: GrayImage, scale: number): Sampled {
  const [width, height] = [toStep(image.width * scale), toStep(image.height * scale)]
  const across = positions(image.width, width)
  const down = positions(image.height, height)
  const values = new Float32Array(width * height)
  const { pixels } = image
  for (let y = 0, at = 0; y < height; y++) {
    const top = (down.before[y] ?? 0) * image.width
    const bottom = (down.after[y] ?? 0) * image.width
    const v = down.weight[y] ?? 0
    for (let x = 0; x < width; x++, at++) {
      const left = across.before[x] ?? 0
      const right = across.after[x] ?? 0
      const u = across.weight[x] ?? 0
      const above = (pixels[top + left] ?? 0) * (1 - u) + (pixels[top + right] ?? 0) * u
      const below = (pixels[bottom + left] ?? 0) * (1 - u) + (pixels[bottom + right] ?? 0) * u
      values[at] = above * (1 - v) + below * v
    }
  }
  return { width, height, scaleX: width / image.width, scaleY: height / image.height, values }
}

function toStep(length: number): number {
  return Math.max(STEP, Math.round(length / STEP) * STEP)
}

/** Of each sample, the two pixels that it lies between and how near it is to the second. */
function positions(from: number, to: number) {
  const before = new Int32Array(to)
  const after = new Int32Array(to)
  const weight = new Float32Array(to)
  for (let at = 0; at < to; at++) {
    const exact = Math.max(0, Math.min(from - 1, ((at + 0.5) * from) / to - 0.5))
    before[at] = Math.floor(exact)
    after[at] = Math.min(from - 1, Math.floor(exact) + 1)
    weight[at] = exact - Math.floor(exact)
  }
  return { before, after, weight }
}

/** The mean of each square of pixels. */
export function shrink(image: GrayImage, factor: number): GrayImage {
  const width = Math.max(1, Math.floor(image.width / factor))
  const height = Math.max(1, Math.floor(image.height / factor))
  const sums = new Uint32Array(width)
  const pixels = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    sums.fill(0)
    for (let row = y * factor; row < (y + 1) * factor; row++) {
      let at = row * image.width
      for (let x = 0; x < width; x++) {
        let sum = 0
        for (let each = 0; each < factor; each++) sum += image.pixels[at++] ?? 0
        sums[x] = (sums[x] ?? 0) + sum
      }
    }
    for (let x = 0; x < width; x++) pixels[y * width + x] = (sums[x] ?? 0) / (factor * factor)
  }
  return { width, height, pixels }
}
