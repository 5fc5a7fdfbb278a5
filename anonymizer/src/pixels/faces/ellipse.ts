/**
 * The curve of second order that fits points best: a u² + b up + c p² + d u + e p = 1. A skull is close to an
 * ellipse, and five numbers per slice hold no facial feature.
 */

export interface Ellipse {
  /** Centre. */
  readonly u: number
  readonly p: number
  /** The farther p of the ellipse at `u`; undefined beside it. */
  readonly frontAt: (u: number) => number | undefined
  /** Root of the mean square of the points' distances, along p or u, in the points' unit. */
  readonly residual: number
}

export type Point = readonly [u: number, p: number]

/** undefined: too few points, or they lie on no ellipse. */
export function fitEllipse(points: readonly Point[]): Ellipse | undefined {
  if (points.length < 12) return undefined
  const [u0, p0] = [mean(points.map(([u]) => u)), mean(points.map(([, p]) => p))]
  const scale = Math.max(...points.map(([u, p]) => Math.hypot(u - u0, p - p0)))
  const terms = points.map(([u, p]) => {
    const [x, y] = [(u - u0) / scale, (p - p0) / scale]
    return [x * x, x * y, y * y, x, y]
  })
  const solved = leastSquares(terms)
  if (solved === undefined) return undefined
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = solved
  const determinant = 4 * a * c - b * b
  if (determinant <= 0 || a <= 0) return undefined
  const [x0, y0] = [(b * e - 2 * c * d) / determinant, (b * d - 2 * a * e) / determinant]
  /** What is left of 1 at the centre: the ellipse is where the form of second order has this value. */
  const level = 1 + a * x0 * x0 + b * x0 * y0 + c * y0 * y0
  if (level <= 0) return undefined
  const frontAt = (u: number) => {
    const x = (u - u0) / scale - x0
    const root = b * b * x * x - 4 * c * (a * x * x - level)
    return root < 0 ? undefined : p0 + scale * (y0 + (-b * x + Math.sqrt(root)) / (2 * c))
  }
  const squares = points.map(([u, p]) => {
    const [x, y] = [(u - u0) / scale - x0, (p - p0) / scale - y0]
    // By how much the point has to be moved towards the centre.
    const ratio = Math.sqrt((a * x * x + b * x * y + c * y * y) / level)
    return (Math.hypot(x, y) * scale * (1 - 1 / (ratio || 1))) ** 2
  })
  return { u: u0 + scale * x0, p: p0 + scale * y0, frontAt, residual: Math.sqrt(mean(squares)) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Solves rows · x = 1 in the least squares; undefined: no single solution. */
function leastSquares(rows: readonly (readonly number[])[]): number[] | undefined {
  const size = rows[0]?.length ?? 0
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) =>
      rows.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0),
    ),
    rows.reduce((sum, row) => sum + (row[i] ?? 0), 0),
  ])
  for (let pivot = 0; pivot < size; pivot++) {
    const below = matrix.slice(pivot)
    const best = below.toSorted((a, b) => Math.abs(b[pivot] ?? 0) - Math.abs(a[pivot] ?? 0))[0]
    if (best === undefined || Math.abs(best[pivot] ?? 0) < 1e-9) return undefined
    const at = matrix.indexOf(best)
    const other = matrix[pivot] ?? []
    matrix[pivot] = best
    if (at !== pivot) matrix[at] = other
    for (const row of matrix) {
      if (row === best) continue
      const factor = (row[pivot] ?? 0) / (best[pivot] ?? 1)
      for (let j = pivot; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (best[j] ?? 0)
    }
  }
  return matrix.map((row, at) => (row[size] ?? 0) / (row[at] ?? 1))
}
