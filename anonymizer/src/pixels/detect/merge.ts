/** Boxes that overlap for the most part become one: a line in pieces, or a line seen twice. */
import type { TextBox } from '../model.ts'

/** Of the smaller box. */
const MIN_SHARED = 0.5

export function mergeBoxes(boxes: readonly TextBox[]): TextBox[] {
  const merged: TextBox[] = []
  for (const box of boxes) {
    let grown = box
    for (let at = merged.findIndex((other) => isSame(grown, other)); at >= 0; ) {
      const [other] = merged.splice(at, 1)
      if (other !== undefined) grown = around(grown, other)
      at = merged.findIndex((each) => isSame(grown, each))
    }
    merged.push(grown)
  }
  return merged.sort((a, b) => a.top - b.top || a.left - b.left)
}

function isSame(a: TextBox, b: TextBox): boolean {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left)
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return false
  return width * height >= MIN_SHARED * Math.min(a.width * a.height, b.width * b.height)
}

function around(a: TextBox, b: TextBox): TextBox {
  const left = Math.min(a.left, b.left)
  const top = Math.min(a.top, b.top)
  return {
    left,
    top,
    width: Math.max(a.left + a.width, b.left + b.width) - left,
    height: Math.max(a.top + a.height, b.top + b.height) - top,
    score: Math.max(a.score, b.score),
  }
}
