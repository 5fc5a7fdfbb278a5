/**
 * Signed distances to simple shapes (inside is negative) and the painting of them into one slice.
 * Millimetres throughout; x to the patient's left, y to the back, z to the head (LPS).
 */

/** One slice: values in (row, column) order; x0 and y0 are the centre of the first voxel. */
export interface Plane {
  readonly values: Float32Array
  readonly rows: number
  readonly columns: number
  readonly spacingMm: number
  readonly x0: number
  readonly y0: number
}

/** A square around a shape; nothing outside is looked at. */
export interface Around {
  readonly x: number
  readonly y: number
  readonly reach: number
}

export type Point = readonly [x: number, y: number, z: number]
export type Distance = (x: number, y: number) => number

/** How much of a voxel lies inside a surface at this distance: the anti-aliasing of every edge. */
export function cover(distanceMm: number, widthMm: number): number {
  const part = 0.5 - distanceMm / widthMm
  return part <= 0 ? 0 : part >= 1 ? 1 : part
}

/** Calls back for each voxel that the shape covers at least in part. */
export function forEachCovered(
  plane: Plane,
  around: Around,
  distance: Distance,
  each: (at: number, part: number) => void,
): void {
  const { rows, columns, spacingMm, x0, y0 } = plane
  const first = (middle: number, zero: number) =>
    Math.max(0, Math.floor((middle - around.reach - zero) / spacingMm))
  const last = (middle: number, zero: number, count: number) =>
    Math.min(count - 1, Math.ceil((middle + around.reach - zero) / spacingMm))
  const [fromRow, toRow] = [first(around.y, y0), last(around.y, y0, rows)]
  const [fromColumn, toColumn] = [first(around.x, x0), last(around.x, x0, columns)]
  for (let row = fromRow; row <= toRow; row++) {
    const y = y0 + row * spacingMm
    for (let column = fromColumn; column <= toColumn; column++) {
      const part = cover(distance(x0 + column * spacingMm, y), spacingMm)
      if (part > 0) each(row * columns + column, part)
    }
  }
}

/** Blends the shape into the slice; `within` limits it to where another shape is (0 to 1). */
export function paint(
  plane: Plane,
  around: Around,
  distance: Distance,
  target: number,
  within?: Float32Array,
): void {
  const { values } = plane
  forEachCovered(plane, around, distance, (at, part) => {
    const value = values[at] ?? 0
    values[at] = value + (target - value) * part * (within === undefined ? 1 : (within[at] ?? 0))
  })
}

/** Distance to an ellipse around the origin, exact to first order near its edge. */
export function ellipse(x: number, y: number, a: number, b: number): number {
  const u = x / a
  const v = y / b
  const scaled = Math.sqrt(u * u + v * v)
  if (scaled < 0.05) return -Math.min(a, b)
  return ((scaled - 1) * scaled) / Math.sqrt((u * u) / (a * a) + (v * v) / (b * b))
}

/** Two half ellipses that meet at y = 0: chests are rounder behind than in front. */
export function egg(x: number, y: number, a: number, front: number, back: number): number {
  return ellipse(x, y, a, y < 0 ? front : back)
}

export function circle(x: number, y: number, radius: number): number {
  return Math.sqrt(x * x + y * y) - radius
}

/** Joins two shapes with a fillet of about `k` mm between them. */
export function smoothUnion(a: number, b: number, k: number): number {
  const part = Math.max(0, k - Math.abs(a - b)) / k
  return Math.min(a, b) - (part * part * k) / 4
}

/** A tube whose radius runs evenly from one end to the other. */
export interface Tube {
  readonly from: Point
  readonly to: Point
  readonly fromRadius: number
  readonly toRadius: number
}

/** The inner loop of the phantom: plain numbers, no arrays made. */
export function tubeDistance(tube: Tube, x: number, y: number, z: number): number {
  const { from, to, fromRadius, toRadius } = tube
  const dx = to[0] - from[0]
  const dy = to[1] - from[1]
  const dz = to[2] - from[2]
  const px = x - from[0]
  const py = y - from[1]
  const pz = z - from[2]
  const along = (px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz)
  const t = along < 0 ? 0 : along > 1 ? 1 : along
  const qx = px - t * dx
  const qy = py - t * dy
  const qz = pz - t * dz
  return Math.sqrt(qx * qx + qy * qy + qz * qz) - fromRadius - t * (toRadius - fromRadius)
}

/** The square that holds the part of a tube within `z` ± its radius; undefined when none is. */
export function tubeAt({ from, to, fromRadius, toRadius }: Tube, z: number): Around | undefined {
  const margin = Math.max(fromRadius, toRadius) + 1.5
  const rise = to[2] - from[2]
  const [low, high] = [Math.min(from[2], to[2]) - margin, Math.max(from[2], to[2]) + margin]
  if (z < low || z > high) return undefined
  const clamp = (t: number) => Math.min(1, Math.max(0, t))
  const steep = Math.abs(rise) > 1e-6
  const [t1, t2] = steep
    ? [clamp((z - margin - from[2]) / rise), clamp((z + margin - from[2]) / rise)]
    : [0, 1]
  const [x1, y1] = [from[0] + t1 * (to[0] - from[0]), from[1] + t1 * (to[1] - from[1])]
  const [x2, y2] = [from[0] + t2 * (to[0] - from[0]), from[1] + t2 * (to[1] - from[1])]
  return {
    x: (x1 + x2) / 2,
    y: (y1 + y2) / 2,
    reach: Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1)) / 2 + margin,
  }
}
