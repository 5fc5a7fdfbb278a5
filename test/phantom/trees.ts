/** Trees of tubes that branch and taper from each hilum outwards: vessels and bronchi. */
import type { Point, Tube } from './shapes.ts'

const THINNEST_MM = 0.68
const MAX_GENERATIONS = 9

/** Pulmonary vessels of both lungs; some thousands of tubes. */
export function vesselTrees(random: () => number): Tube[] {
  const tubes: Tube[] = []
  for (const side of [-1, 1]) {
    // Directions spread evenly over the half sphere that looks away from the heart.
    const trunks = 22
    for (let trunk = 0; trunk < trunks; trunk++) {
      const up = 1 - (2 * (trunk + 0.5)) / trunks
      const turn = (trunk * 2.4 + 0.5 * random()) % Math.PI
      const flat = Math.sqrt(1 - up * up)
      const direction: Point = [
        side * flat * Math.sin(turn),
        flat * Math.cos(turn) * 1.1 + 0.1,
        up * 1.2,
      ]
      const start: Point = [side * (34 + 4 * random()), 2 + 14 * random(), -8 + 16 * up]
      grow(tubes, random, start, unit(direction), 2.2 + 1.6 * random(), 0)
    }
  }
  return tubes
}

function grow(
  tubes: Tube[],
  random: () => number,
  from: Point,
  direction: Point,
  radius: number,
  generation: number,
): void {
  if (radius < THINNEST_MM || generation > MAX_GENERATIONS) return
  const length = radius * (3.5 + 3.5 * random()) + 4
  const to = add(from, direction, length)
  tubes.push({ from, to, fromRadius: radius, toRadius: radius * 0.88 })
  // A main branch that goes on almost straight, a thinner one that turns away from it.
  for (const [share, bend] of [
    [0.86, 0.45],
    [0.64, 1.25],
  ] as const) {
    const turned = [random(), random(), random()].map((part) => (part - 0.5) * 2 * bend)
    const next = unit(add(direction, [turned[0] ?? 0, turned[1] ?? 0, turned[2] ?? 0], 1))
    grow(tubes, random, to, next, radius * (share + 0.06 * (random() - 0.5)), generation + 1)
  }
}

function add([x, y, z]: Point, [dx, dy, dz]: Point, length: number): Point {
  return [x + dx * length, y + dy * length, z + dz * length]
}

export function unit([x, y, z]: Point): Point {
  const size = Math.sqrt(x * x + y * y + z * z)
  return size === 0 ? [0, 0, 1] : [x / size, y / size, z / size]
}
