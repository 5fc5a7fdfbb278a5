/**
 * Bitmaps of overlays (PS3.3 C.9.2) that lie over blanked boxes: their bits there are cleared, for a
 * screen shot's overlay repeats its text. A bitmap whose place cannot be known is removed.
 */
import {
  type DataSet,
  type Element,
  getBytes,
  getNumber,
  getNumbers,
  type Tag,
  value,
} from '../../dicom/index.ts'
import type { Box } from '../model.ts'
import type { BoxesByFrame } from './boxes.ts'
import { setBit } from './fill.ts'

export interface OverlayChanges {
  readonly elements: readonly Element[]
  readonly removed: readonly Tag[]
}

export function redactOverlays(dataSet: DataSet, boxes: BoxesByFrame): OverlayChanges {
  const elements: Element[] = []
  const removed: Tag[] = []
  for (const [tag, element] of dataSet) {
    if (!/^60[0-9A-F]{2}3000$/.test(tag)) continue
    const bitmap = getBytes(dataSet, tag)?.slice()
    const plane = planeOf(dataSet, tag.slice(0, 4))
    if (bitmap === undefined || element.kind !== 'value' || plane === undefined) {
      removed.push(tag)
    } else {
      clear(bitmap, plane, boxes)
      elements.push(value(tag, element.vr, bitmap))
    }
  }
  return { elements, removed }
}

interface Plane {
  readonly rows: number
  readonly columns: number
  /** Of its upper left bit in the image, counted from 0. */
  readonly top: number
  readonly left: number
  readonly frames: number
  /** The image frame of its first; undefined: it lies over all of them. */
  readonly firstFrame: number | undefined
}

function planeOf(dataSet: DataSet, group: string): Plane | undefined {
  try {
    const rows = getNumber(dataSet, `${group}0010`) ?? 0
    const columns = getNumber(dataSet, `${group}0011`) ?? 0
    const frames = getNumber(dataSet, `${group}0015`)
    const [top = 1, left = 1] = getNumbers(dataSet, `${group}0050`)
    const isKnown = rows > 0 && columns > 0 && (frames === undefined || Number.isInteger(frames))
    if (!isKnown) return undefined
    return {
      ...{ rows, columns, top: top - 1, left: left - 1, frames: frames ?? 1 },
      firstFrame: frames === undefined ? undefined : (getNumber(dataSet, `${group}0051`) ?? 1),
    }
  } catch {
    // What is no number says nothing of where the bitmap lies.
    return undefined
  }
}

function clear(bitmap: Uint8Array, plane: Plane, boxes: BoxesByFrame): void {
  for (const [number, frameBoxes] of boxes) {
    const frame = plane.firstFrame === undefined ? 0 : number - plane.firstFrame
    if (frame < 0 || frame >= plane.frames) continue
    const start = frame * plane.rows * plane.columns
    for (const box of frameBoxes) clearBox(bitmap, start, plane, box)
  }
}

function clearBox(bitmap: Uint8Array, start: number, plane: Plane, box: Box): void {
  const top = Math.max(0, box.top - plane.top)
  const left = Math.max(0, box.left - plane.left)
  const bottom = Math.min(plane.rows, box.top + box.height - plane.top)
  const right = Math.min(plane.columns, box.left + box.width - plane.left)
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = start + row * plane.columns + column
      if (at >> 3 < bitmap.length) setBit(bitmap, at, false)
    }
  }
}
