/**
 * Runs the network over parts of a frame in tiles, so that memory stays bounded. Out: one value per sample,
 * how likely it lies in the middle of a line of text.
 */
import type { Box } from '../model.ts'
import type { TextNetwork } from './network.ts'
import { type Sampled, STEP } from './sample.ts'

/** Means and deviations of the pictures that the network learned from, per colour. */
const MEANS = [0.485, 0.456, 0.406] as const
const DEVIATIONS = [0.229, 0.224, 0.225] as const
/** Multiples of the network's step. */
const TILE = 1024
const OVERLAP = 128

export async function probabilityOf(
  sampled: Sampled,
  /** In pixels of the frame. Elsewhere there is no text. */
  areas: readonly Box[],
  network: TextNetwork,
): Promise<Float32Array> {
  const { values, width, height } = sampled
  const whole = new Float32Array(width * height)
  for (const tile of areas.flatMap((area) => tilesOf(area, sampled))) {
    const part = await network.run(planes(values, width, tile), tile.width, tile.height)
    for (let y = 0; y < tile.height; y++) {
      let to = (tile.top + y) * width + tile.left
      let from = y * tile.width
      for (let x = 0; x < tile.width; x++, to++, from++) {
        whole[to] = Math.max(whole[to] ?? 0, part[from] ?? 0)
      }
    }
  }
  return whole
}

function tilesOf(area: Box, { width, height, scaleX, scaleY }: Sampled): Box[] {
  const across = steps(area.left * scaleX, area.width * scaleX, width)
  const down = steps(area.top * scaleY, area.height * scaleY, height)
  return down.flatMap((y) =>
    across.map((x) => ({ left: x.start, top: y.start, width: x.length, height: y.length })),
  )
}

/** Pieces of at most a tile each, from step to step: there the network sees what it sees of the whole. */
function steps(start: number, length: number, limit: number) {
  const first = Math.floor(start / STEP) * STEP
  const whole = Math.min(limit, Math.ceil((start + length) / STEP) * STEP) - first
  const found = [{ start: first, length: Math.min(TILE, whole) }]
  for (let at = first; at + TILE < first + whole; ) {
    at = Math.min(at + TILE - OVERLAP, first + whole - TILE)
    found.push({ start: at, length: TILE })
  }
  return found
}

function planes(values: Float32Array, stride: number, tile: Box): Float32Array {
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
