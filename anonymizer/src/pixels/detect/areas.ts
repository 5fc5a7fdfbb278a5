/**
 * The parts of a frame that are worth the network's time: rectangles around all cells in which there
 * are as many strokes as in letters. In: strokes by cell. Out: boxes in pixels of the frame.
 */
import type { Box } from '../model.ts'
import { CELL_PX, type StrokeMap } from './strokes.ts'

/** In four cells that touch. Two letters of 10 px have 40 and more. */
const MIN_STROKES = 32
/** The network wants to see some of what is around. */
const MARGIN_CELLS = 3
/** What one more call costs, in cells. */
const CALL_CELLS = 16

/** Cells, from `left`, `top` up to `right`, `bottom`, which are not in it. */
interface Cells {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export function areasOf(
  strokes: StrokeMap,
  frame: { readonly width: number; readonly height: number },
): Box[] {
  const { columns, rows } = strokes
  const marked = lettered(strokes)
  const found: Box[] = []
  const split = (within: Cells) => {
    const cells = shrunk(within, marked, columns)
    if (cells === undefined) return
    const cut = bestCut(cells, marked, columns)
    if (cut !== undefined) {
      for (const part of cut) split(part)
      return
    }
    const left = Math.max(0, cells.left - MARGIN_CELLS) * CELL_PX
    const top = Math.max(0, cells.top - MARGIN_CELLS) * CELL_PX
    const right = Math.min(frame.width, (cells.right + MARGIN_CELLS) * CELL_PX)
    const bottom = Math.min(frame.height, (cells.bottom + MARGIN_CELLS) * CELL_PX)
    found.push({ left, top, width: right - left, height: bottom - top })
  }
  split({ left: 0, top: 0, right: columns, bottom: rows })
  return found
}

/** 1 for each cell that may be of letters. */
function lettered({ columns, rows, counts }: StrokeMap): Uint8Array {
  const marked = new Uint8Array(columns * rows)
  const count = (x: number, y: number) =>
    x < columns && y < rows ? (counts[y * columns + x] ?? 0) : 0
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const four = FOUR.map(([right, down]) => [x + right, y + down] as const)
      if (four.reduce((sum, [cellX, cellY]) => sum + count(cellX, cellY), 0) < MIN_STROKES) continue
      for (const [cellX, cellY] of four) {
        if (count(cellX, cellY) > 0) marked[cellY * columns + cellX] = 1
      }
    }
  }
  return marked
}

const FOUR = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
] as const

/** Into two, along the line that leaves least to look at; undefined: not worth it. */
function bestCut(whole: Cells, marked: Uint8Array, columns: number): Cells[] | undefined {
  let best: Cells[] | undefined
  let least = costOf(whole)
  const consider = (parts: Cells[]) => {
    const cost = parts.reduce((sum, part) => {
      const cells = shrunk(part, marked, columns)
      return sum + (cells === undefined ? 0 : costOf(cells))
    }, 0)
    if (cost >= least) return
    least = cost
    best = parts
  }
  for (let x = whole.left + 1; x < whole.right; x++) {
    consider([
      { ...whole, right: x },
      { ...whole, left: x },
    ])
  }
  for (let y = whole.top + 1; y < whole.bottom; y++) {
    consider([
      { ...whole, bottom: y },
      { ...whole, top: y },
    ])
  }
  return best
}

function costOf({ left, top, right, bottom }: Cells): number {
  return (right - left + 2 * MARGIN_CELLS) * (bottom - top + 2 * MARGIN_CELLS) + CALL_CELLS
}

/** The smallest part of it that holds all its marked cells; undefined: there are none. */
function shrunk(within: Cells, marked: Uint8Array, columns: number): Cells | undefined {
  let [left, top, right, bottom] = [within.right, within.bottom, within.left, within.top]
  for (let y = within.top; y < within.bottom; y++) {
    for (let x = within.left; x < within.right; x++) {
      if (marked[y * columns + x] !== 1) continue
      left = Math.min(left, x)
      right = Math.max(right, x + 1)
      top = Math.min(top, y)
      bottom = y + 1
    }
  }
  return left < right ? { left, top, right, bottom } : undefined
}
