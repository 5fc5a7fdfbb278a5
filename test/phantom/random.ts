/** Small reproducible random numbers (mulberry32): equal seeds give equal phantoms. */
import type { Plane } from './shapes.ts'

const TILE = 256

/** Uniform in [0, 1). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Standard normal, two at a time (Box–Muller). */
function createNormal(random: () => number): () => number {
  let spare: number | undefined
  return () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()))
    const angle = 2 * Math.PI * random()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

/**
 * Adds noise to a slice. Reconstruction smooths the noise of a scanner, so neighbours are alike:
 * one tile of smoothed noise is made once and laid down at another place in each slice.
 */
export function createNoise(random: () => number, sigma: number): (plane: Plane) => void {
  const normal = createNormal(random)
  const white = Float32Array.from({ length: TILE * TILE }, normal)
  const at = (row: number, column: number) =>
    white[((row + TILE) % TILE) * TILE + ((column + TILE) % TILE)] ?? 0
  // The weights' squares sum to one: the deviation stays.
  const [middle, side] = [0.8, 0.3]
  const tile = white.map((_, index) => {
    const [row, column] = [Math.floor(index / TILE), index % TILE]
    const beside =
      at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1)
    return sigma * (middle * at(row, column) + side * beside)
  })
  return ({ values, rows, columns }) => {
    const [down, right] = [Math.floor(random() * TILE), Math.floor(random() * TILE)]
    for (let row = 0, index = 0; row < rows; row++) {
      const start = ((row + down) % TILE) * TILE
      for (let column = 0; column < columns; column++, index++) {
        values[index] = (values[index] ?? 0) + (tile[start + ((column + right) % TILE)] ?? 0)
      }
    }
  }
}
