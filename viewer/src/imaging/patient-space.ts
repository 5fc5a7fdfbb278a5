/**
 * Points and planes in patient space: LPS, millimetres (PS3.3 C.7.6.2). Pure, without a screen.
 */
import type { SeriesGeometry } from '@pandok/contract'

export type Point = [number, number, number]

/** Direction cosines of the slice normal: row direction × column direction. */
export function normalOf({ orientation: o }: SeriesGeometry): Point {
  return cross([o[0], o[1], o[2]], [o[3], o[4], o[5]])
}

export function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/** How far a point lies along a direction. */
export function along(direction: Point, point: ArrayLike<number>): number {
  return (
    direction[0] * (point[0] ?? 0) + direction[1] * (point[1] ?? 0) + direction[2] * (point[2] ?? 0)
  )
}

export function moved(point: ArrayLike<number>, direction: Point, by: number): Point {
  return [
    (point[0] ?? 0) + direction[0] * by,
    (point[1] ?? 0) + direction[1] * by,
    (point[2] ?? 0) + direction[2] * by,
  ]
}

/** The slice whose plane is nearest to a point. */
export function nearestSop(geometry: SeriesGeometry, point: ArrayLike<number>): string {
  const normal = normalOf(geometry)
  const wanted = along(normal, point)
  let best = 0
  geometry.positions.forEach((position, index) => {
    const nearest = geometry.positions[best] ?? position
    if (Math.abs(along(normal, position) - wanted) < Math.abs(along(normal, nearest) - wanted)) {
      best = index
    }
  })
  return geometry.sopInstanceUids[best] ?? ''
}

/** The point of the series' volume, between centres of its outer voxels, that is nearest. */
export function nearestInside(geometry: SeriesGeometry, point: Point): Point {
  const { orientation: o, positions, rows, columns, rowSpacingMm, columnSpacingMm } = geometry
  const normal = normalOf(geometry)
  const depths = positions.map((position) => along(normal, position))
  const [origin] = positions
  if (origin === undefined) return point
  const axes: [Point, number, number][] = [
    [[o[0], o[1], o[2]], 0, (columns - 1) * columnSpacingMm],
    [[o[3], o[4], o[5]], 0, (rows - 1) * rowSpacingMm],
    [normal, Math.min(...depths) - (depths[0] ?? 0), Math.max(...depths) - (depths[0] ?? 0)],
  ]
  return axes.reduce<Point>(
    (at, [axis, least, most]) => {
      const by = along(axis, point) - along(axis, origin)
      return moved(at, axis, Math.min(most, Math.max(least, by)))
    },
    [origin[0], origin[1], origin[2]],
  )
}

/** A tenth of the strongest axis is too little to be named: about six degrees. */
const NAMED_SHARE = 0.1

/**
 * The letters at the edge of an image towards which the direction points, the strongest first:
 * L R (left, right), A P (anterior, posterior), H F (head, feet), as Patient Orientation writes
 * them (0020,0020; PS3.3 C.7.6.1.1.1).
 */
export function orientationLetters(direction: Point): string {
  const [l, p, h] = direction
  const axes: [string, number][] = [
    [l > 0 ? 'L' : 'R', Math.abs(l)],
    [p > 0 ? 'P' : 'A', Math.abs(p)],
    [h > 0 ? 'H' : 'F', Math.abs(h)],
  ]
  const sorted = axes.sort((a, b) => b[1] - a[1])
  const strongest = sorted[0]?.[1] ?? 0
  return sorted
    .filter(([, share]) => share > strongest * NAMED_SHARE)
    .map(([letter]) => letter)
    .join('')
}
