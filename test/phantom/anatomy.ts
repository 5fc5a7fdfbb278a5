/**
 * A thorax made of simple shapes, as Hounsfield units in (slice, row, column) order, and the truth
 * about its nodules. Coordinates are millimetres from the middle of the volume in LPS: x to the
 * patient's left, y to the back, z to the head.
 */
import { createNormal, createRandom } from './random.ts'

export interface Grid {
  readonly slices: number
  readonly rows: number
  readonly columns: number
  readonly spacingMm: number
  readonly sliceSpacingMm: number
}

export interface Nodule {
  readonly centreMm: readonly [number, number, number]
  readonly radiusMm: number
  /** Height of the spikes as a part of the radius: 0 is a smooth ball. */
  readonly spiculation: number
  /** Segment number of the truth mask. */
  readonly segment: number
}

export interface Anatomy {
  readonly voxels: Int16Array
  /** Segment numbers where more than half of the voxel is nodule. */
  readonly mask: Uint8Array
}

const AIR = -1000
const LUNG = -860
const FAT = -95
const MUSCLE = 45
const BLOOD = 55
const BONE = 480
const MARROW = 160
const NODULE = 35
const NOISE_HU = 14
const VESSELS = 46

interface Tube {
  readonly from: readonly number[]
  readonly to: readonly number[]
  readonly radius: number
}

export function makeAnatomy(grid: Grid, nodules: readonly Nodule[], seed: number): Anatomy {
  const { slices, rows, columns, spacingMm, sliceSpacingMm } = grid
  const random = createRandom(seed)
  const normal = createNormal(random)
  const tubes = vesselTrees(random)
  const voxels = new Int16Array(slices * rows * columns)
  const mask = new Uint8Array(voxels.length)
  const shape = { width: 150 + 10 * random(), depth: 102 + 8 * random() }
  let at = 0
  for (let k = 0; k < slices; k++) {
    const z = (k - (slices - 1) / 2) * sliceSpacingMm
    const inSlice = tubes.filter((tube) => reaches(tube, 2, z))
    for (let j = 0; j < rows; j++) {
      const y = (j - (rows - 1) / 2) * spacingMm
      const near = inSlice.filter((tube) => reaches(tube, 1, y))
      for (let i = 0; i < columns; i++, at++) {
        const x = (i - (columns - 1) / 2) * spacingMm
        let value = tissue(x, y, z, shape, near, spacingMm)
        for (const nodule of nodules) {
          const part = cover(noduleDistance(nodule, x, y, z), spacingMm)
          value += (NODULE - value) * part
          if (part > 0.5) mask[at] = nodule.segment
        }
        voxels[at] = Math.round(value + NOISE_HU * normal())
      }
    }
  }
  return { voxels, mask }
}

/** How much of a voxel lies inside a surface at this signed distance (inside is negative). */
function cover(distanceMm: number, widthMm: number): number {
  return Math.min(1, Math.max(0, 0.5 - distanceMm / widthMm))
}

/** A rough signed distance to an ellipse; good near its edge. */
function ellipse(x: number, y: number, a: number, b: number): number {
  const scaled = Math.hypot(x / a, y / b)
  return (
    (scaled - 1) *
    Math.min(a, b) *
    (scaled < 0.01 ? 1 : Math.hypot(x, y) / (scaled * Math.min(a, b)))
  )
}

function tissue(
  x: number,
  y: number,
  z: number,
  shape: { width: number; depth: number },
  tubes: readonly Tube[],
  width: number,
): number {
  const body = ellipse(x, y, shape.width, shape.depth)
  if (body > width) return table(x, y, shape.depth)
  let value = AIR
  const blend = (target: number, distance: number) => {
    value += (target - value) * cover(distance, width)
  }
  blend(FAT, body)
  blend(MUSCLE, body + 12 + 3 * Math.sin(Math.atan2(y, x) * 5))
  // Ribs run obliquely: an angle around the chest cuts each slice at another place.
  const wall = ellipse(x, y, shape.width - 20, shape.depth - 17)
  const angle = Math.atan2(y / shape.depth, Math.abs(x) / shape.width)
  const along = (((z + 26 * angle) % 24) + 24) % 24
  const rib = Math.hypot(wall, (along - 12) * 0.9) - 5.2
  blend(BONE, rib)
  blend(MARROW, rib + 2.2)
  const lung = lungDistance(x, y, z, shape)
  blend(LUNG, lung)
  if (lung < 2) {
    let nearest = Number.POSITIVE_INFINITY
    for (const tube of tubes) nearest = Math.min(nearest, tubeDistance(tube, x, y, z))
    blend(BLOOD, nearest)
  }
  // Trachea above, two main bronchi below the carina.
  const spread = Math.max(0, 14 - z) * 0.75
  const airway =
    Math.hypot(Math.abs(x) - spread, (y + 4) * (z < 14 ? 1.1 : 1)) - (z < 14 ? 6.5 : 8.5)
  if (lung > 0 || Math.abs(x) < 26) {
    blend(MUSCLE, airway - 1.6)
    blend(AIR, airway)
  }
  const aorta = Math.hypot(x - 17, y - 34) - 11
  blend(BLOOD, aorta)
  const vertebra = ellipse(x, y - 62, 19, 16)
  blend(BONE, vertebra)
  blend(MARROW, vertebra + 2.5)
  blend(25, Math.hypot(x, y - 82) - 8)
  blend(BONE, Math.abs(Math.hypot(x, y - 82) - 10.5) - 1.8)
  const sternum = ellipse(x, y + shape.depth - 22, 17, 5)
  blend(BONE, sternum)
  blend(MARROW, sternum + 1.8)
  return value
}

/** Two lungs around a heart that leans to the left and is widest below. */
function lungDistance(
  x: number,
  y: number,
  z: number,
  shape: { width: number; depth: number },
): number {
  const dome = 1 - Math.max(0, z - 30) * 0.004 - Math.max(0, -z - 30) * 0.0015
  const half = ellipse(
    Math.abs(x) - 69,
    y - 3,
    (shape.width - 90) * dome,
    (shape.depth - 24) * dome,
  )
  const heart = ellipse(x - 22, y + 24, 52 + Math.min(14, -z * 0.22), 44)
  const mediastinum = Math.abs(x) - 22 - 3 * Math.sin(y / 14)
  return Math.max(half, -heart, -mediastinum)
}

/** The table under the patient: two thin shells. */
function table(x: number, y: number, depth: number): number {
  const curve = y - depth - 6 + (x * x) / 1800
  return Math.abs(x) < 170 && Math.abs(curve) < 1.4 ? -250 : AIR
}

/** Vessels start at each hilum and branch outwards, tapering. */
function vesselTrees(random: () => number): Tube[] {
  const tubes: Tube[] = []
  const grow = (from: number[], direction: number[], radius: number, depth: number) => {
    if (radius < 0.5 || depth > 5) return
    const length = 9 + 15 * random()
    const to = from.map((value, axis) => value + (direction[axis] ?? 0) * length)
    tubes.push({ from, to, radius })
    const children = depth < 4 ? 2 : 1
    for (let child = 0; child < children; child++) {
      const turned = direction.map((value) => value + (random() - 0.5) * 1.25)
      const size = Math.hypot(...turned)
      grow(
        to,
        turned.map((value) => value / size),
        radius * (0.66 + 0.14 * random()),
        depth + 1,
      )
    }
  }
  for (const side of [-1, 1]) {
    for (let branch = 0; branch < VESSELS / 2; branch++) {
      const up = (random() - 0.5) * 2
      const back = (random() - 0.45) * 1.9
      const size = Math.hypot(1, back, up)
      grow(
        [side * 26, 2 + 10 * (random() - 0.5), (random() - 0.5) * 50],
        [side / size, back / size, up / size],
        3.4 - 1.8 * random(),
        0,
      )
    }
  }
  return tubes
}

/** Whether the tube comes near the plane where the coordinate of `axis` is `at`. */
function reaches({ from, to, radius }: Tube, axis: 1 | 2, at: number): boolean {
  const low = Math.min(from[axis] ?? 0, to[axis] ?? 0) - radius - 2
  const high = Math.max(from[axis] ?? 0, to[axis] ?? 0) + radius + 2
  return at >= low && at <= high
}

function tubeDistance({ from, to, radius }: Tube, x: number, y: number, z: number): number {
  const [ax = 0, ay = 0, az = 0] = from
  const [bx = 0, by = 0, bz = 0] = to
  const [dx, dy, dz] = [bx - ax, by - ay, bz - az]
  const [px, py, pz] = [x - ax, y - ay, z - az]
  const along = (px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz)
  const t = Math.min(1, Math.max(0, along))
  return Math.hypot(px - t * dx, py - t * dy, pz - t * dz) - radius * (1 - 0.25 * t)
}

function noduleDistance(nodule: Nodule, x: number, y: number, z: number): number {
  const [cx, cy, cz] = nodule.centreMm
  const [dx, dy, dz] = [x - cx, y - cy, z - cz]
  const distance = Math.hypot(dx, dy, dz)
  if (distance > nodule.radiusMm * 2) return distance - nodule.radiusMm
  const around = Math.atan2(dy, dx)
  const up = distance === 0 ? 0 : dz / distance
  const spikes = Math.max(0, Math.sin(around * 7 + up * 5)) ** 3
  return distance - nodule.radiusMm * (1 + nodule.spiculation * spikes)
}
