/**
 * A head with a face that differs by identity: what can be recognised is a field of heights on the
 * front (nose, brow, eye sockets, cheeks, lips, chin) and the ears; skull and brain are the same for
 * all. Patient coordinates (LPS) in mm; the brow is at z 0, x goes to the left ear, -y to the nose.
 */
import { type Element, value } from '@pandok/anonymizer/dicom'

export type Modality = 'CT' | 'MR'
export type PlaneName = 'axial' | 'sagittal' | 'coronal'

export interface Scan {
  readonly modality: Modality
  readonly plane: PlaneName
  readonly pixelMm: number
  readonly sliceMm: number
  /** About the axis from ear to ear, degrees. */
  readonly tilt: number
  /** Of noise and of where the pixels fall. */
  readonly seed: number
}

export interface Slice {
  readonly header: readonly Element[]
  readonly rows: number
  readonly columns: number
  /** 16 bits, little endian; CT signed by rescale. */
  readonly bytes: Uint8Array
  /** 1 where the sample is brain. */
  readonly brain: Uint8Array
}

interface Bump {
  readonly x: number
  readonly z: number
  readonly heightMm: number
  readonly widthMm: number
  readonly tallMm: number
}

export interface Face {
  readonly bumps: readonly Bump[]
  readonly earMm: readonly [out: number, front: number, up: number]
}

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const once = Math.imul(state ^ (state >>> 15), state | 1)
    const twice = once ^ (once + Math.imul(once ^ (once >>> 7), once | 61))
    return ((twice ^ (twice >>> 14)) >>> 0) / 2 ** 32
  }
}

export function faceOf(identity: number): Face {
  const random = randomOf(identity * 7919 + 13)
  const from = (low: number, high: number) => low + (high - low) * random()
  const pair = (x: number, rest: Omit<Bump, 'x'>): Bump[] => [
    { x, ...rest },
    { x: -x, ...rest },
  ]
  return {
    bumps: [
      {
        x: 0,
        z: from(-50, -38),
        heightMm: from(17, 30),
        widthMm: from(8, 14),
        tallMm: from(15, 24),
      },
      ...pair(from(22, 32), {
        z: from(0, 6),
        heightMm: from(1, 8),
        widthMm: 18,
        tallMm: from(5, 9),
      }),
      ...pair(from(28, 36), { z: -18, heightMm: -from(7, 15), widthMm: from(10, 15), tallMm: 9 }),
      ...pair(from(36, 48), { z: -48, heightMm: from(0, 8), widthMm: 17, tallMm: from(12, 20) }),
      { x: 0, z: from(-82, -74), heightMm: from(2, 9), widthMm: from(14, 24), tallMm: 6 },
      { x: 0, z: from(-110, -100), heightMm: from(2, 14), widthMm: from(11, 20), tallMm: 11 },
    ],
    earMm: [from(7, 16), from(13, 19), from(24, 34)],
  }
}

type Ellipsoid = readonly [x: number, y: number, z: number, a: number, b: number, c: number]

const CRANIUM: Ellipsoid = [0, 5, 25, 74, 94, 90]
const JAW: Ellipsoid = [0, -28, -52, 62, 60, 72]
const BRAIN: Ellipsoid = [0, 5, 25, 61, 81, 77]
const TEMPORAL: readonly Ellipsoid[] = [
  [36, -2, -12, 24, 42, 20],
  [-36, -2, -12, 24, 42, 20],
]
const CEREBELLUM: Ellipsoid = [0, 52, -22, 48, 36, 28]
/** Half axes of the neck, and where its middle is. */
const NECK = [58, 62, 18] as const

function isIn([cx, cy, cz, a, b, c]: Ellipsoid, x: number, y: number, z: number): boolean {
  return ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2 + ((z - cz) / c) ** 2 <= 1
}

function frontOf([cx, cy, cz, a, b, c]: Ellipsoid, x: number, z: number): number {
  const rest = 1 - ((x - cx) / a) ** 2 - ((z - cz) / c) ** 2
  return rest < 0 ? Infinity : cy - b * Math.sqrt(rest)
}

function isInNeck(x: number, y: number, z: number): boolean {
  return z < -40 && (x / NECK[0]) ** 2 + ((y - NECK[2]) / NECK[1]) ** 2 <= 1
}

function isBrain(x: number, y: number, z: number): boolean {
  // In front the brain ends above the eyes, behind at the tent of the cerebellum.
  if (isIn(BRAIN, x, y, z) && z > (y < -30 ? 4 : -25)) return true
  return TEMPORAL.some((lobe) => isIn(lobe, x, y, z)) || isIn(CEREBELLUM, x, y, z)
}

/** By how much the face stands out of the base at x and z. */
function reliefOf({ bumps }: Face, x: number, z: number): number {
  return bumps.reduce((sum, { x: bx, z: bz, heightMm, widthMm, tallMm }) => {
    const far = ((x - bx) / widthMm) ** 2 + ((z - bz) / tallMm) ** 2
    return far > 18 ? sum : sum + heightMm * Math.exp(-far / 2)
  }, 0)
}

type Tissue = 'air' | 'skin' | 'bone' | 'brain'

function tissueAt(face: Face, x: number, y: number, z: number): Tissue {
  if (Math.abs(x) > 92 || y > 101 || y < -130 || z > 116) return 'air'
  if (isBrain(x, y, z)) return 'brain'
  const [out, front, up] = face.earMm
  const ear: Ellipsoid = [Math.sign(x) * 74, 12, -25, out, front, up]
  if (isIn(ear, x, y, z)) return 'skin'
  const base = Math.min(frontOf(CRANIUM, x, z), frontOf(JAW, x, z))
  const surface = base - reliefOf(face, x, z)
  if (y < surface) return isInNeck(x, y, z) && z < -110 ? 'skin' : 'air'
  const isInside = y <= base || isIn(CRANIUM, x, y, z) || isIn(JAW, x, y, z) || isInNeck(x, y, z)
  if (!isInside) return 'air'
  const skull: Ellipsoid = [0, 5, 25, 68, 88, 84]
  return isIn(skull, x, y, z) && z > -25 ? 'bone' : 'skin'
}

const VALUES: Readonly<Record<Modality, Readonly<Record<Tissue, number>>>> = {
  CT: { air: -1000, skin: 30, bone: 900, brain: 38 },
  MR: { air: 0, skin: 520, bone: 40, brain: 380 },
}
const NOISE = { CT: 12, MR: 9 } as const
const HALF_MM = 128
const INTERCEPT = -1024

/** Slices from the feet to the head, from right to left, or from the front to the back. */
export function scanHead(face: Face, scan: Scan): Slice[] {
  const { modality, plane, pixelMm, sliceMm } = scan
  const random = randomOf(scan.seed)
  const shift = [random(), random(), random()].map((each) => 0.3 * (each - 0.5) * pixelMm)
  const size = Math.round((2 * HALF_MM) / pixelMm)
  const tilt = (scan.tilt * Math.PI) / 180
  const [sin, cos] = [Math.sin(tilt), Math.cos(tilt)]
  const [row, column, normal] = {
    axial: [
      [1, 0, 0],
      [0, cos, sin],
      [0, -sin, cos],
    ],
    sagittal: [
      [0, cos, sin],
      [0, sin, -cos],
      [1, 0, 0],
    ],
    coronal: [
      [1, 0, 0],
      [0, sin, -cos],
      [0, cos, sin],
    ],
  }[plane] as [number[], number[], number[]]
  // The middle of the stack: between the top of the head and the chin.
  const centre = [shift[0] ?? 0, (shift[1] ?? 0) + 5, (shift[2] ?? 0) - 5]
  const slices = Math.round(((plane === 'sagittal' ? 190 : 2 * HALF_MM) + 10) / sliceMm)
  return Array.from({ length: slices }, (_, k) => {
    const offset = (k - (slices - 1) / 2) * sliceMm
    const origin = centre.map(
      (each, axis) =>
        each +
        offset * (normal[axis] ?? 0) -
        (size / 2) * pixelMm * ((row[axis] ?? 0) + (column[axis] ?? 0)),
    )
    const bytes = new Uint8Array(size * size * 2)
    const view = new DataView(bytes.buffer)
    const brain = new Uint8Array(size * size)
    const [x0 = 0, y0 = 0, z0 = 0] = origin
    const [rx = 0, ry = 0, rz = 0] = row.map((each) => each * pixelMm)
    const [cx = 0, cy = 0, cz = 0] = column.map((each) => each * pixelMm)
    for (let at = 0; at < brain.length; at++) {
      const [c, r] = [at % size, Math.floor(at / size)]
      const y = y0 + c * ry + r * cy
      const tissue = tissueAt(face, x0 + c * rx + r * cx, y, z0 + c * rz + r * cz)
      if (tissue === 'brain') brain[at] = 1
      const noise = NOISE[modality] * (random() + random() + random() - 1.5)
      const sample = VALUES[modality][tissue] + noise
      const stored = modality === 'CT' ? sample - INTERCEPT : Math.abs(sample)
      view.setUint16(at * 2, Math.max(0, Math.round(stored)), true)
    }
    return {
      rows: size,
      columns: size,
      bytes,
      brain,
      header: [
        value('00080060', 'CS', modality),
        value('00180050', 'DS', sliceMm),
        value('00200032', 'DS', origin),
        value('00200037', 'DS', [...row, ...column]),
        value('00280030', 'DS', [pixelMm, pixelMm]),
        ...(modality === 'CT'
          ? [value('00281052', 'DS', INTERCEPT), value('00281053', 'DS', 1)]
          : []),
      ],
    }
  })
}
