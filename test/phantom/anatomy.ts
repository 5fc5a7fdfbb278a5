/**
 * A thorax made of simple shapes, as Hounsfield units in (slice, row, column) order, and the truth
 * about its nodules. Coordinates are millimetres from the middle of the volume in LPS: x to the
 * patient's left, y to the back, z to the head; the windpipe divides at z = 14, the right dome of
 * the diaphragm lies at z = -66.
 */
import { type Nodule, shapeOf } from './nodule.ts'
import { createNoise, createRandom } from './random.ts'
import {
  circle,
  cover,
  type Distance,
  egg,
  ellipse,
  forEachCovered,
  type Plane,
  type Point,
  paint,
  smoothUnion,
  type Tube,
  tubeAt,
  tubeDistance,
} from './shapes.ts'
import { vesselTrees } from './trees.ts'

export interface Grid {
  readonly slices: number
  readonly rows: number
  readonly columns: number
  readonly spacingMm: number
  readonly sliceSpacingMm: number
}

export interface Anatomy {
  /** Hounsfield units that 12 unsigned bits with the intercept -1024 can hold. */
  readonly voxels: Int16Array
  /** Segment numbers where more than half of the voxel is nodule. */
  readonly mask: Uint8Array
}

/** The range of a stored value of 12 bits. */
export const LOWEST_HU = -1024
const HIGHEST_HU = 3071

const AIR = -1000
const LUNG = -862
const FAT = -100
const SKIN = 10
const MUSCLE = 52
const BLOOD = 44
const LIVER = 60
const DISC = 85
const BONE = 560
const MARROW = 190
const NODULE = 38
const NOISE_HU = 13

interface Body {
  /** Half the width and the depths of the skin before and behind the middle. */
  readonly half: number
  readonly front: number
  readonly back: number
}

interface Parts {
  readonly body: Body
  readonly vessels: readonly Tube[]
}

export function makeAnatomy(grid: Grid, nodules: readonly Nodule[], seed: number): Anatomy {
  const { slices, rows, columns, spacingMm, sliceSpacingMm } = grid
  const random = createRandom(seed)
  const body = { half: 150 + 6 * random(), front: 100 + 5 * random(), back: 108 + 4 * random() }
  const parts: Parts = { body, vessels: vesselTrees(random) }
  const shapes = nodules.map((nodule, at) => ({ nodule, ...shapeOf(nodule, seed + at) }))
  const addNoise = createNoise(random, NOISE_HU)
  const size = rows * columns
  const voxels = new Int16Array(slices * size)
  const mask = new Uint8Array(slices * size)
  const plane: Plane = {
    values: new Float32Array(size),
    rows,
    columns,
    spacingMm,
    x0: (-(columns - 1) / 2) * spacingMm,
    y0: (-(rows - 1) / 2) * spacingMm,
  }
  for (let k = 0; k < slices; k++) {
    const z = (k - (slices - 1) / 2) * sliceSpacingMm
    drawSlice(plane, z, parts)
    for (const { nodule, distance, around } of shapes) {
      const here = around(z)
      if (here === undefined) continue
      forEachCovered(
        plane,
        here,
        (x, y) => distance(x, y, z),
        (at, part) => {
          const value = plane.values[at] ?? 0
          plane.values[at] = value + (NODULE - value) * part
          if (part > 0.5) mask[k * size + at] = nodule.segment
        },
      )
    }
    addNoise(plane)
    for (let at = 0; at < size; at++) {
      const value = Math.round(plane.values[at] ?? 0)
      voxels[k * size + at] = Math.min(HIGHEST_HU, Math.max(LOWEST_HU, value))
    }
  }
  return { voxels, mask }
}

function drawSlice(plane: Plane, z: number, { body, vessels }: Parts): void {
  plane.values.fill(AIR)
  drawTable(plane, body)
  const lung = drawTrunk(plane, z, body)
  drawMediastinum(plane, z)
  for (const vessel of vessels) drawTube(plane, vessel, z, BLOOD, lung)
  for (const bronchus of BRONCHI) drawTube(plane, thicker(bronchus, 1.3), z, MUSCLE)
  for (const bronchus of BRONCHI) drawTube(plane, bronchus, z, AIR)
  drawSpine(plane, z)
  drawShoulderBlades(plane, z)
  const sternum = { x: 0, y: -body.front + 21, reach: 26 }
  const breastbone: Distance = (x, y) => ellipse(x, y - sternum.y, 19, 6)
  paint(plane, sternum, breastbone, BONE)
  paint(plane, sternum, (x, y) => breastbone(x, y) + 2, MARROW)
}

/** The table under the patient: two thin shells of carbon. */
function drawTable(plane: Plane, { back }: Body): void {
  const around = { x: 0, y: back + 20, reach: 175 }
  const curve = (x: number, y: number) => y - back - 5 + (x * x) / 1900
  paint(plane, around, (x, y) => Math.max(Math.abs(curve(x, y)) - 1, Math.abs(x) - 165), -350)
  paint(plane, around, (x, y) => Math.max(Math.abs(curve(x, y) - 16) - 1, Math.abs(x) - 165), -350)
}

/**
 * Skin, fat, the muscles of the wall, ribs, and what fills the chest: lungs, the fat of the
 * mediastinum between them, liver and spleen below the diaphragm. One pass over the slice, for
 * all depend on the distance to the pleura. Gives back how much of each voxel is lung.
 */
function drawTrunk(plane: Plane, z: number, body: Body): Float32Array {
  const { values, rows, columns, spacingMm, x0, y0 } = plane
  const lung = new Float32Array(values.length)
  // The cavity narrows to the apex.
  const dome = z < 30 ? 1 : Math.sqrt(Math.max(0.08, 1 - ((z - 30) / 92) ** 2))
  for (let row = 0, at = 0; row < rows; row++) {
    const y = y0 + row * spacingMm
    for (let column = 0; column < columns; column++, at++) {
      const x = x0 + column * spacingMm
      const skin = egg(x, y, body.half, body.front, body.back)
      if (skin > spacingMm) continue
      let value = values[at] ?? AIR
      value += (SKIN - value) * cover(skin, spacingMm)
      value += (FAT - value) * cover(skin + 2.2, spacingMm)
      const pleura = egg(x, y - 4, (body.half - 34) * dome, (body.front - 24) * dome, 78 * dome)
      if (pleura < 34) {
        const turn = Math.atan2(y, Math.abs(x))
        const wall = pleura - 17 - 4 * Math.sin(turn * 4 + 1) - (y > 60 ? (y - 60) * 0.35 : 0)
        value += (MUSCLE - value) * cover(Math.max(wall, skin + 7), spacingMm)
        // Ribs fall from back to front: each slice cuts each rib at another angle.
        if (pleura > -3 && pleura < 15 && turn > -1.2) {
          const step = (((z - 30 * turn) % 25) + 25) % 25
          const across = (step - 12.5) * 0.72
          const rib = Math.sqrt((pleura - 6) ** 2 * 1.7 + across * across) - 5.2
          value += (FAT - value) * 0.7 * cover(Math.abs(pleura - 6) - 5.5, spacingMm)
          value += (BONE - value) * cover(rib, spacingMm)
          value += (MARROW - value) * cover(rib + 2.3, spacingMm)
        }
      }
      if (pleura < spacingMm) {
        const inside = cover(pleura, spacingMm)
        const below = diaphragm(x, y, z)
        value += (FAT - value) * inside
        value += (LIVER - value) * inside * cover(-below, spacingMm)
        const air = cover(Math.max(pleura, -mediastinum(x, y, z), below), spacingMm)
        // Blood settles: the lung is denser behind.
        value += (LUNG + 0.45 * y - value) * air
        lung[at] = air
      }
      values[at] = value
    }
  }
  return lung
}

/** Positive below the diaphragm: two domes, the right one higher. */
function diaphragm(x: number, y: number, z: number): number {
  const [middle, top] = x < 0 ? [-58, -66] : [62, -78]
  const [dx, dy] = [x - middle, y + 4]
  return (top - (dx * dx + dy * dy) / 150 - z) * 0.75
}

/** The room between the lungs: spine, great vessels, heart, hila, and a thin fold in front. */
function mediastinum(x: number, y: number, z: number): number {
  let distance = smoothUnion(circle(x, y - 66, 26), ellipse(x - 3, y - 6, 33, 47), 22)
  const fold = Math.sqrt(x * x + Math.max(0, y + 10) ** 2) - 5
  distance = smoothUnion(distance, Math.max(fold, y - 20), 18)
  distance = smoothUnion(distance, heart(x, y, z) - 4, 12)
  if (Math.abs(z + 2) < 24) {
    const hilum = 13 * Math.sqrt(1 - ((z + 2) / 24) ** 2)
    distance = smoothUnion(distance, circle(Math.abs(x) - 34, y - 7, hilum), 10)
  }
  return distance
}

/** An ellipsoid that leans to the left and to the front. */
function heart(x: number, y: number, z: number): number {
  const height = 1 - ((z + 48) / 60) ** 2
  if (height <= 0) return 80
  const [dx, dy] = [x - 24, y + 22]
  const [u, v] = [0.86 * dx - 0.5 * dy, 0.5 * dx + 0.86 * dy]
  const scale = Math.sqrt(height)
  return ellipse(u, v, 62 * scale, 43 * scale)
}

function drawMediastinum(plane: Plane, z: number): void {
  if (Math.abs(z + 48) < 59) {
    paint(plane, { x: 24, y: -22, reach: 70 }, (x, y) => heart(x, y, z), BLOOD + 4)
  }
  for (const vessel of GREAT_VESSELS) drawTube(plane, vessel, z, BLOOD)
  // Gullet, left of the middle, before the spine; often with a bubble of air.
  const gullet = { x: 5, y: z > 14 ? 26 : 30, reach: 10 }
  paint(plane, gullet, (x, y) => ellipse(x - gullet.x, y - gullet.y, 8, 5.5), MUSCLE)
  const bubble = 2 * Math.sin(z / 9)
  if (bubble > 0.3) {
    paint(plane, gullet, (x, y) => circle(x - gullet.x, y - gullet.y, bubble), AIR)
  }
}

function drawSpine(plane: Plane, z: number): void {
  const around = { x: 0, y: 80, reach: 48 }
  const vertebra: Distance = (x, y) =>
    Math.max(ellipse(x, y - 66, 19, 16.5), -circle(x, y - 90, 10.5))
  // A disc of 6 mm every 26 mm.
  const step = (((z + 5) % 26) + 26) % 26
  paint(plane, around, vertebra, step < 6 ? DISC : BONE)
  if (step >= 6) paint(plane, around, (x, y) => vertebra(x, y) + 2, step < 8 ? BONE : MARROW)
  const canal: Distance = (x, y) => circle(x, y - 89, 8.5)
  const arch: Distance = (x, y) => Math.max(circle(x, y - 89, 12.5), -canal(x, y), 82 - y)
  paint(plane, around, (x, y) => canal(x, y) - 0.5, FAT)
  paint(plane, around, (x, y) => circle(x, y - 89, 5.5), 35)
  paint(plane, around, arch, BONE)
  if (step > 9 && step < 22) {
    // Transverse processes and the heads of the ribs on them.
    for (const side of [-1, 1]) {
      const process: Tube = rod([side * 11, 91, z], [side * 34, 97, z], 4.5, 4)
      paint(plane, around, (x, y) => tubeDistance(process, x, y, z), BONE)
      paint(plane, around, (x, y) => tubeDistance(process, x, y, z) + 2.2, MARROW)
    }
  }
  const spinous = rod([0, 100, z], [0, 108, z], 3.4, 2.6)
  paint(plane, around, (x, y) => tubeDistance(spinous, x, y, z), BONE)
}

/** Shoulder blades: thin plates behind the upper ribs. */
function drawShoulderBlades(plane: Plane, z: number): void {
  if (z < 12) return
  const length = Math.min(1, (z - 12) / 30)
  for (const side of [-1, 1]) {
    const to: Point = [side * (84 + 34 * length), 84 - 40 * length, z]
    const blade = rod([side * 82, 86, z], to, 3, 4.5)
    const around = { x: side * 100, y: 65, reach: 48 }
    paint(plane, around, (x, y) => tubeDistance(blade, x, y, z), BONE)
    paint(plane, around, (x, y) => tubeDistance(blade, x, y, z) + 2.2, MARROW)
  }
}

function drawTube(plane: Plane, tube: Tube, z: number, target: number, within?: Float32Array) {
  const around = tubeAt(tube, z)
  if (around === undefined) return
  paint(plane, around, (x, y) => tubeDistance(tube, x, y, z), target, within)
}

function rod(from: Point, to: Point, fromRadius: number, toRadius: number): Tube {
  return { from, to, fromRadius, toRadius }
}

function thicker({ from, to, fromRadius, toRadius }: Tube, by: number): Tube {
  return { from, to, fromRadius: fromRadius + by, toRadius: toRadius + by }
}

/** Windpipe, main bronchi, and the first branches into the lungs; radii are those of the air. */
const BRONCHI: readonly Tube[] = [
  rod([-1, 8, 140], [0, 10, 16], 8.2, 8.2),
  rod([-2, 10, 16], [-30, 10, -4], 7, 5.8),
  rod([2, 10, 16], [38, 12, -10], 6.4, 5.2),
  rod([-30, 10, -4], [-46, 0, 26], 4, 2.4),
  rod([-30, 10, -4], [-52, 16, -46], 4.6, 2.2),
  rod([-34, 10, -12], [-62, -22, -32], 3.2, 1.8),
  rod([-46, 0, 26], [-64, 14, 52], 2, 1.1),
  rod([38, 12, -10], [54, -8, 20], 3.6, 2.2),
  rod([38, 12, -10], [66, 30, -52], 4.2, 2),
  rod([54, -8, 20], [70, 8, 48], 2, 1.1),
]

const GREAT_VESSELS: readonly Tube[] = [
  // Aorta: up from the heart, over the arch, down before the spine.
  rod([-8, -20, -20], [-14, -26, 30], 15, 15),
  rod([-14, -26, 30], [4, -12, 42], 14.5, 13.5),
  rod([4, -12, 42], [20, 24, 38], 13.5, 13),
  rod([20, 24, 38], [23, 44, 18], 13, 12.5),
  rod([23, 44, 18], [20, 46, -140], 12.5, 11),
  // Branches of the arch.
  rod([-10, -18, 48], [-14, -14, 120], 6.5, 5),
  rod([8, -4, 48], [12, -2, 120], 4.2, 3.8),
  rod([18, 12, 46], [22, 16, 120], 5, 4.4),
  // Superior vena cava, pulmonary trunk and its two branches.
  rod([-27, -12, 120], [-25, -14, -14], 8.5, 9.5),
  rod([12, -34, -14], [17, -24, 8], 14, 13),
  rod([17, -22, 8], [38, 4, 8], 11, 8),
  rod([14, -16, 4], [-34, 2, 2], 10.5, 8),
  // Veins into the left atrium.
  rod([2, 14, -24], [40, 12, -26], 9, 5),
  rod([-2, 14, -26], [-40, 12, -24], 9, 5),
]
