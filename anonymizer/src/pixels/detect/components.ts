/** Connected areas of a probability map that are likely enough, as boxes. */
import type { Box } from '../model.ts'

export interface Component extends Box {
  /** Mean probability. */
  readonly score: number
  /** Part of the box that belongs to it. */
  readonly fill: number
}

/** Eight neighbours. */
export function componentsOf(
  probability: Float32Array,
  width: number,
  height: number,
  threshold: number,
): Component[] {
  const isSeen = new Uint8Array(probability.length)
  const stack: number[] = []
  const found: Component[] = []
  const visit = (at: number) => {
    if (isSeen[at] === 1 || (probability[at] ?? 0) < threshold) return
    isSeen[at] = 1
    stack.push(at)
  }
  const spread = (start: number): Component => {
    let [left, right, top, bottom] = [width, 0, height, 0]
    let [area, sum] = [0, 0]
    visit(start)
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const x = at % width
      const y = (at - x) / width
      const value = probability[at] ?? 0
      area++
      sum += value
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
      const [first, last] = [x > 0 ? -1 : 0, x < width - 1 ? 1 : 0]
      for (let step = first; step <= last; step++) {
        if (y > 0) visit(at - width + step)
        visit(at + step)
        if (y < height - 1) visit(at + width + step)
      }
    }
    const box = { left, top, width: right - left + 1, height: bottom - top + 1 }
    return { ...box, score: sum / area, fill: area / (box.width * box.height) }
  }
  for (let at = 0; at < probability.length; at++) {
    if ((probability[at] ?? 0) >= threshold && isSeen[at] === 0) found.push(spread(at))
  }
  return found
}
