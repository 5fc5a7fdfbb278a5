/** Three coordinates, in mm LPS (PS3.3 C.7.6.2) or direction cosines. */
export type Vector = readonly [number, number, number]

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
export const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
export const scale = (a: Vector, by: number): Vector => [a[0] * by, a[1] * by, a[2] * by]
export const length = (a: Vector): number => Math.hypot(...a)
export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]

/** Between two directions, 0 to 180. */
export function degreesBetween(a: Vector, b: Vector): number {
  return (Math.atan2(length(cross(a, b)), dot(a, b)) * 180) / Math.PI
}

/** The lower of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}
