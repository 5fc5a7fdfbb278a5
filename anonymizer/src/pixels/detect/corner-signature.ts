/**
 * How much is written in the border of a frame, cheaply. Machines write along the border; so a frame
 * whose border holds other edges than its neighbours' is worth a look. In: samples of one channel.
 * Out: a digit of base 36 per cell of the border, five for six edges.
 */

export interface CornerImage {
  readonly width: number
  readonly height: number
  /** Of a native frame or of a GrayImage. */
  readonly pixels: ArrayLike<number>
}

/** Cells along each side of a frame; the outermost two rings of them are the border. */
const CELLS = 16
const RINGS = 2
/** Letters of 10 px, whose capitals have 7, are met by a row at least; strokes by every other column. */
const ROW_STEP = 5
const COLUMN_STEP = 2
const MAX_DIGIT = 35
const DIGIT_PER_EDGE = 5 / 6
/** Gray levels of 255. Strokes are steeper than noise; for native samples say what a stroke is. */
const EDGE = 32

export function cornerSignature(image: CornerImage, edge = EDGE): string {
  const { width, height, pixels } = image
  let signature = ''
  for (let row = 0; row < CELLS; row++) {
    const isEnd = row < RINGS || row >= CELLS - RINGS
    const [top, bottom] = [
      Math.floor((row * height) / CELLS),
      Math.floor(((row + 1) * height) / CELLS),
    ]
    for (let column = 0; column < CELLS; column++) {
      if (!isEnd && column >= RINGS && column < CELLS - RINGS) continue
      const left = Math.floor((column * width) / CELLS)
      const right = Math.min(width - COLUMN_STEP, Math.floor(((column + 1) * width) / CELLS))
      let edges = 0
      for (let y = top; y < bottom; y += ROW_STEP) {
        const end = y * width + right
        let before = pixels[y * width + left] ?? 0
        for (let at = y * width + left + COLUMN_STEP; at < end + COLUMN_STEP; at += COLUMN_STEP) {
          const value = pixels[at] ?? 0
          const step = value - before
          if (step >= edge || step <= -edge) edges++
          before = value
        }
      }
      signature += Math.min(MAX_DIGIT, Math.floor(edges * DIGIT_PER_EDGE)).toString(36)
    }
  }
  return signature
}

/** A few letters of 10 px, and more than the outline of a body that crosses a cell. */
const MIN_WRITTEN = 7
/** Where the other frame has this part of it at most, even beside: bodies move, writing appears. */
const MAX_LEFT = 0.5

export function cornersDiffer(a: string, b: string): boolean {
  return a !== b && (hasMore(a, b) || hasMore(b, a))
}

function hasMore(a: string, b: string): boolean {
  for (const [index, place] of PLACES.entries()) {
    const written = Number.parseInt(a.charAt(index), 36)
    if (written < MIN_WRITTEN) continue
    const beside = place.map((each) => Number.parseInt(b.charAt(each), 36))
    if (Math.max(...beside) <= MAX_LEFT * written) return true
  }
  return false
}

/** For each cell of the border, those that touch it and itself. */
const PLACES = placesOfBorder()

function placesOfBorder(): readonly (readonly number[])[] {
  const isBorder = (at: number) => at < RINGS || at >= CELLS - RINGS
  const cells = Array.from({ length: CELLS * CELLS }, (_, at) => ({
    row: Math.floor(at / CELLS),
    column: at % CELLS,
  })).filter(({ row, column }) => isBorder(row) || isBorder(column))
  return cells.map(({ row, column }) =>
    cells.flatMap((other, index) =>
      Math.abs(other.row - row) <= 1 && Math.abs(other.column - column) <= 1 ? [index] : [],
    ),
  )
}
