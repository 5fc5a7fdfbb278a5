/**
 * The pixel review of one series: its marks, what has been seen of it, and what the person sees now.
 * Pure; the pages draw it.
 */
import type { Box } from '@pandok/anonymizer'
import {
  everyView,
  isMarkedIn,
  type Mark,
  type Reach,
  type UploadSeries,
  type View,
  viewKey,
} from '../../data/upload-series.ts'
import type { WaitingSeries } from '../../data/upload-snapshot.ts'

export interface PlacedMark extends Mark {
  readonly id: number
}

export interface Review {
  readonly series: UploadSeries
  readonly toBeSeen: readonly View[]
  readonly views: readonly View[]
  /** Which of `views` is drawn large. */
  readonly at: number
  readonly marks: readonly PlacedMark[]
  readonly seen: ReadonlySet<string>
  /** As it will be: marks are black. */
  readonly isAfter: boolean
  readonly isSheet: boolean
  readonly lastId: number
}

export type ReviewStep =
  | { readonly kind: 'go'; readonly to: number }
  | { readonly kind: 'saw'; readonly views: readonly View[] }
  | { readonly kind: 'add'; readonly box: Box }
  | { readonly kind: 'place'; readonly id: number; readonly box: Box }
  | { readonly kind: 'reach'; readonly id: number; readonly reach: Reach }
  | { readonly kind: 'remove'; readonly id: number }
  | { readonly kind: 'after' }
  | { readonly kind: 'sheet'; readonly isSheet: boolean }

/** Anything smaller cannot be taken hold of. */
const SMALLEST = 4

export function startReview({ series, proposed, toBeSeen }: WaitingSeries): Review {
  const views = everyView(series)
  const [first] = toBeSeen
  const at = first === undefined ? 0 : views.findIndex((view) => viewKey(view) === viewKey(first))
  return {
    series,
    toBeSeen,
    views,
    at: Math.max(0, at),
    marks: proposed.map((mark, index) => ({ ...mark, ...fit(mark, series), id: index + 1 })),
    seen: new Set(),
    isAfter: false,
    isSheet: false,
    lastId: proposed.length,
  }
}

export function step(review: Review, action: ReviewStep): Review {
  switch (action.kind) {
    case 'go':
      return { ...review, at: clamp(action.to, 0, review.views.length - 1) }
    case 'saw': {
      if (action.views.every((view) => review.seen.has(viewKey(view)))) return review
      return { ...review, seen: new Set([...review.seen, ...action.views.map(viewKey)]) }
    }
    case 'add': {
      const at = review.views[review.at]
      if (at === undefined) return review
      const id = review.lastId + 1
      const box = fit(action.box, review.series)
      const mark: PlacedMark = { ...box, id, at, reach: 'series', source: 'person' }
      return { ...review, marks: [...review.marks, mark], lastId: id, isAfter: false }
    }
    case 'place': {
      const box = fit(action.box, review.series)
      return { ...review, marks: changed(review, action.id, (mark) => ({ ...mark, ...box })) }
    }
    case 'reach': {
      const at = review.views[review.at]
      const { id, reach } = action
      return {
        ...review,
        marks: changed(review, id, (mark) => ({ ...mark, reach, at: at ?? mark.at })),
      }
    }
    case 'remove':
      return { ...review, marks: review.marks.filter(({ id }) => id !== action.id) }
    case 'after':
      return { ...review, isAfter: !review.isAfter }
    case 'sheet':
      return { ...review, isSheet: action.isSheet }
  }
}

export const currentView = (review: Review): View | undefined => review.views[review.at]

export function marksIn(review: Review, view: View): PlacedMark[] {
  return review.marks.filter((mark) => isMarkedIn(mark, view))
}

export function unseenOf({ toBeSeen, seen }: Review): View[] {
  return toBeSeen.filter((view) => !seen.has(viewKey(view)))
}

/** The reaches that differ for this series: without films and with one image fewer. */
export function reachesOf({ series }: Review, { at }: Mark): Reach[] {
  const ofFile = series.files.find(({ file }) => file === at.file)
  const hasFrames = (ofFile?.numberOfFrames ?? 1) > 1
  const isAlone = series.files.length === 1
  return [
    ...(isAlone ? [] : (['series'] as const)),
    ...(hasFrames ? (['file', 'frame'] as const) : (['file'] as const)),
  ]
}

/** What a reach is called: all of a single image is called otherwise than all of a film. */
export function reachName({ series }: Review, { at }: Mark, reach: Reach): Reach | 'image' {
  const ofFile = series.files.find(({ file }) => file === at.file)
  return reach === 'file' && (ofFile?.numberOfFrames ?? 1) === 1 ? 'image' : reach
}

/** Arrows move by a pixel, with shift they resize. */
export function nudged(box: Box, key: string, isResize: boolean): Box | undefined {
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key]
  if (by === undefined) return undefined
  const [x = 0, y = 0] = by
  return isResize
    ? { ...box, width: box.width + x, height: box.height + y }
    : { ...box, left: box.left + x, top: box.top + y }
}

export type Corner = 'nw' | 'ne' | 'sw' | 'se'

/** The box with one corner elsewhere; the opposite one stays. */
export function resized(box: Box, corner: Corner, x: number, y: number): Box {
  const right = box.left + box.width
  const bottom = box.top + box.height
  return spanned(
    corner.endsWith('w') ? right : box.left,
    corner.startsWith('n') ? bottom : box.top,
    x,
    y,
  )
}

/** The corner within `reach` of a place, the nearest. */
export function cornerAt(box: Box, x: number, y: number, reach: number): Corner | undefined {
  const isWest = Math.abs(x - box.left) <= Math.abs(x - box.left - box.width)
  const isNorth = Math.abs(y - box.top) <= Math.abs(y - box.top - box.height)
  const away = [
    x - (isWest ? box.left : box.left + box.width),
    y - (isNorth ? box.top : box.top + box.height),
  ]
  if (Math.hypot(...away) > reach) return undefined
  return `${isNorth ? 'n' : 's'}${isWest ? 'w' : 'e'}`
}

export function spanned(x1: number, y1: number, x2: number, y2: number): Box {
  return {
    left: Math.min(x1, x2),
    top: Math.min(y1, y2),
    width: Math.abs(x2 - x1),
    height: Math.abs(y2 - y1),
  }
}

/** Whole pixels inside the frame. */
function fit(box: Box, { rows, columns }: UploadSeries): Box {
  const width = clamp(Math.round(box.width), Math.min(SMALLEST, columns), columns)
  const height = clamp(Math.round(box.height), Math.min(SMALLEST, rows), rows)
  return {
    left: clamp(Math.round(box.left), 0, columns - width),
    top: clamp(Math.round(box.top), 0, rows - height),
    width,
    height,
  }
}

function changed(
  { marks }: Review,
  id: number,
  change: (mark: PlacedMark) => PlacedMark,
): PlacedMark[] {
  return marks.map((mark) => (mark.id === id ? change(mark) : mark))
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
