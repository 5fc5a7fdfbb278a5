/**
 * Frames without text, of the kinds that text is burned into: chest CT of the phantom, ultrasound,
 * radiographs. Equal seeds give equal frames.
 */
import type { GrayImage } from '@pandok/anonymizer/pixels'
import { makePhantom } from '../../phantom/index.ts'
import { createNoise, createRandom } from '../../phantom/random.ts'
import type { Plane } from '../../phantom/shapes.ts'

export const FRAME_KINDS = ['ct', 'us', 'cr'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

type Random = () => number

const CT_SIDE = 512
const US_SIZE = { width: 800, height: 600 }
const CR_SIZE = { width: 2000, height: 2500 }
/** Lung, soft tissue, bone and all of them. */
const WINDOWS_HU = [
  { from: -1350, to: 150 },
  { from: -160, to: 240 },
  { from: -450, to: 1050 },
  { from: -1024, to: 1500 },
] as const

export function makeBackground(kind: FrameKind, seed: number): GrayImage {
  if (kind === 'ct') return ctSlice(seed)
  return kind === 'us' ? ultrasound(createRandom(seed)) : radiograph(createRandom(seed))
}

/** A body for each hundred of seeds, its slices in a window by turns. */
function ctSlice(seed: number): GrayImage {
  const voxels = ctVoxels(3 + Math.floor(seed / 100))
  const slices = voxels.length / CT_SIDE ** 2
  const start = (seed % slices) * CT_SIDE ** 2
  const { from, to } = WINDOWS_HU[seed % WINDOWS_HU.length] ?? WINDOWS_HU[0]
  const pixels = Uint8Array.from(voxels.subarray(start, start + CT_SIDE ** 2), (hu) =>
    clamp(((hu - from) / (to - from)) * 255),
  )
  return { width: CT_SIDE, height: CT_SIDE, pixels }
}

/** The last one only: bodies are large. */
let body: { readonly seed: number; readonly voxels: Int16Array } | undefined
function ctVoxels(seed: number): Int16Array {
  if (body?.seed !== seed) {
    const { truth } = makePhantom({ seed, size: CT_SIDE, slices: 25, sliceSpacingMm: 4 })
    body = { seed, voxels: truth.voxels }
  }
  return body.voxels
}

/** A sector of speckle with vessels and a bright wall, on black. */
function ultrasound(random: Random): GrayImage {
  const { width, height } = US_SIZE
  const speckle = smoothNoise(random, width, height)
  const [x0, y0] = [width / 2, -40]
  const blobs = Array.from({ length: 6 }, () => ({
    x: width * (0.25 + 0.5 * random()),
    y: height * (0.2 + 0.7 * random()),
    r: 15 + 60 * random(),
    level: random() < 0.5 ? 0.15 : 1.8,
  }))
  const gain = 50 + 50 * random()
  const pixels = new Uint8Array(width * height)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [dx, dy] = [x - x0, y - y0]
      const depth = Math.hypot(dx, dy)
      if (depth < 110 || depth > 600 || Math.abs(dx) > dy * 0.75) continue
      let level = gain * (1.1 - 0.0007 * depth)
      for (const blob of blobs) {
        const inside = Math.hypot(x - blob.x, (y - blob.y) * 1.5) / blob.r
        if (inside < 1.2) level *= inside < 1 ? blob.level : 1.3
      }
      // Log compression leaves less of the speckle than the scanner measures.
      pixels[at] = clamp(level * Math.max(0.2, 1 + 0.17 * (speckle[at] ?? 0)))
    }
  }
  return { width, height, pixels }
}

/** Soft gradients, ribs and a spine under fine noise. */
function radiograph(random: Random): GrayImage {
  const { width, height } = CR_SIZE
  const noise = createNoise(random, 3 + 4 * random())
  const values = new Float32Array(width * height)
  const [tilt, base] = [random() - 0.5, 70 + 70 * random()]
  const ribs = 7 + Math.floor(4 * random())
  const across = Array.from({ length: width }, (_, x) => {
    const u = x / width - 0.5
    const lung = Math.exp(-(((Math.abs(u) - 0.22) / 0.13) ** 2))
    return { u, lung, level: base + 60 * Math.exp(-((u / 0.05) ** 2)) + 40 * tilt * u }
  })
  for (let y = 0; y < height; y++) {
    const v = y / height
    if (v < 0.03 || v > 0.98) continue
    const down = Math.exp(-(((v - 0.45) / 0.3) ** 2))
    for (const [x, { u, lung: beside, level }] of across.entries()) {
      if (Math.abs(u) > 0.47) continue
      const lung = beside * down
      const wave = lung > 0.05 ? Math.sin((v + 0.6 * u * u) * ribs * 2 * Math.PI) : 0
      const rib = Math.max(0, wave - 0.55) * lung
      values[y * width + x] = level - 50 * lung + 70 * rib + 50 * v
    }
  }
  noise(planeOf(values, width, height))
  return { width, height, pixels: Uint8Array.from(values, clamp) }
}

/** Noise of about unit deviation whose grains are some pixels wide, wider along the rows. */
function smoothNoise(random: Random, width: number, height: number): Float32Array {
  const values = new Float32Array(width * height)
  createNoise(random, 1)(planeOf(values, width, height))
  for (let at = 1; at < values.length; at++) {
    values[at] = 0.8 * (values[at - 1] ?? 0) + 0.5 * (values[at] ?? 0)
  }
  for (let at = width; at < values.length; at++) {
    values[at] = 0.6 * (values[at - width] ?? 0) + 0.75 * (values[at] ?? 0)
  }
  return values
}

/** Noise asks for values and sides only. */
function planeOf(values: Float32Array, width: number, height: number): Plane {
  return { values, rows: height, columns: width, spacingMm: 1, x0: 0, y0: 0 }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)))
}
