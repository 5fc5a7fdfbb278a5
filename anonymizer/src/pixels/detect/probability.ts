/**
 * Runs the network over a frame in tiles, so that memory stays bounded. Out: one value per sample,
 * how likely it lies in the middle of a line of text.
 */
import type { TextNetwork } from './network.ts'
import type { Sampled } from './sample.ts'

/** Means and deviations of the pictures that the network learned from, per colour. */
const MEANS = [0.485, 0.456, 0.406] as const
const DEVIATIONS = [0.229, 0.224, 0.225] as const
/** Multiples of the network's step. */
const TILE = 1024
const OVERLAP = 128

export async function probabilityOf(
  { values, width, height }: Sampled,
  network: TextNetwork,
): Promise<Float32Array> {
  const whole = new Float32Array(width * height)
  for (const top of starts(height)) {
    for (const left of starts(width)) {
      const tile = {
        left,
        top,
        width: Math.min(TILE, width - left),
        height: Math.min(TILE, height - top),
      }
      const part = await network.run(planes(values, width, tile), tile.width, tile.height)
      for (let y = 0; y < tile.height; y++) {
        let to = (top + y) * width + left
        let from = y * tile.width
        for (let x = 0; x < tile.width; x++, to++, from++) {
          whole[to] = Math.max(whole[to] ?? 0, part[from] ?? 0)
        }
      }
    }
  }
  return whole
}

interface Tile {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

function starts(length: number): number[] {
  const found = [0]
  for (let at = 0; at + TILE < length; ) {
    at = Math.min(at + TILE - OVERLAP, length - TILE)
    found.push(at)
  }
  return found
}

function planes(values: Float32Array, stride: number, tile: Tile): Float32Array {
  const size = tile.width * tile.height
  const input = new Float32Array(3 * size)
  for (const [colour, mean] of MEANS.entries()) {
    const factor = 1 / (DEVIATIONS[colour] ?? 1)
    let to = colour * size
    for (let y = 0; y < tile.height; y++) {
      let from = (tile.top + y) * stride + tile.left
      for (let x = 0; x < tile.width; x++, to++, from++) {
        input[to] = ((values[from] ?? 0) / 255 - mean) * factor
      }
    }
  }
  return input
}
