/** One frame drawn large, with its marks to be moved, resized, added and taken away. */
import { type PointerEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { usePicture } from '../../bridge/use-picture.ts'
import { useWheel } from '../../bridge/use-wheel.ts'
import type { Pictures } from '../../data/pictures.ts'
import type { View } from '../../data/upload-series.ts'
import { classes } from '../../ui/index.ts'
import { MarkBox } from './MarkBox.tsx'
import {
  type Corner,
  cornerAt,
  marksIn,
  type Review,
  type ReviewStep,
  resized,
  spanned,
} from './review.model.ts'

export interface FrameEditorProps {
  readonly review: Review
  readonly view: View
  readonly pictures: Pictures
  readonly isActualSize: boolean
  readonly onStep: (step: ReviewStep) => void
}

/** What the pointer holds: a mark by the place where it was taken, a corner, or a new box. */
type Held =
  | { readonly kind: 'move'; readonly id: number; readonly x: number; readonly y: number }
  | { readonly kind: 'corner'; readonly id: number; readonly corner: Corner }
  | { readonly kind: 'new'; readonly x: number; readonly y: number }

/** On the screen, around a corner. */
const CORNER_PX = 9

export function FrameEditor(props: FrameEditorProps) {
  const { review, view, pictures, isActualSize, onStep } = props
  const { t } = useTranslation()
  const { rows, columns } = review.series
  const stage = useRef<HTMLDivElement>(null)
  const [held, setHeld] = useState<Held>()
  const [drawn, setDrawn] = useState<ReturnType<typeof spanned>>()
  const { canvas, state } = usePicture(pictures, view, {
    onDrawn: (seen) => onStep({ kind: 'saw', views: [seen] }),
  })
  useWheel(stage, (by) => onStep({ kind: 'go', to: review.at + by }))
  const placeOf = (event: PointerEvent): [number, number] => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect()
    return [((event.clientX - left) / width) * columns, ((event.clientY - top) / height) * rows]
  }
  const take = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0 || review.isAfter) return
    const [x, y] = placeOf(event)
    const target = event.target instanceof HTMLElement ? event.target : undefined
    const id = Number(target?.closest<HTMLElement>('[data-mark]')?.dataset['mark'])
    const mark = review.marks.find((each) => each.id === id)
    const pixelsPerColumn = event.currentTarget.getBoundingClientRect().width / columns
    const corner = mark && cornerAt(mark, x, y, CORNER_PX / pixelsPerColumn)
    event.currentTarget.setPointerCapture(event.pointerId)
    if (mark === undefined) setHeld({ kind: 'new', x, y })
    else if (corner !== undefined) setHeld({ kind: 'corner', id, corner })
    else setHeld({ kind: 'move', id, x: x - mark.left, y: y - mark.top })
  }
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (held === undefined) return
    const [x, y] = placeOf(event)
    if (held.kind === 'new') {
      setDrawn(spanned(held.x, held.y, x, y))
      return
    }
    const mark = review.marks.find(({ id }) => id === held.id)
    if (mark === undefined) return
    const box =
      held.kind === 'move'
        ? { ...mark, left: x - held.x, top: y - held.y }
        : resized(mark, held.corner, x, y)
    onStep({ kind: 'place', id: held.id, box })
  }
  const drop = () => {
    // A click that was no drag makes no box.
    if (drawn !== undefined && drawn.width >= 3 && drawn.height >= 3) {
      onStep({ kind: 'add', box: drawn })
    }
    setHeld(undefined)
    setDrawn(undefined)
  }
  return (
    <div className={classes('review-frame', isActualSize && 'actual')}>
      <div
        ref={stage}
        className="review-stage"
        role="group"
        aria-label={t('review.frame', { index: review.at + 1, count: review.views.length })}
        aria-busy={state.kind === 'loading'}
        data-drawn={state.kind === 'drawn'}
        style={
          isActualSize
            ? { width: columns, height: rows }
            : {
                aspectRatio: `${columns} / ${rows}`,
                maxWidth: `calc(var(--picture-height) * ${columns / rows})`,
              }
        }
        onPointerDown={take}
        onPointerMove={drag}
        onPointerUp={drop}
        onPointerCancel={drop}
      >
        <canvas ref={canvas} />
        {state.kind === 'failed' ? (
          <p className="review-failed" role="alert">
            {t('review.cannotShow')} <code>{state.code}</code>
          </p>
        ) : null}
        {marksIn(review, view).map((mark) => (
          <MarkBox
            key={mark.id}
            mark={mark}
            number={review.marks.indexOf(mark) + 1}
            review={review}
            isNew={mark.id === review.lastId && mark.source === 'person'}
            onStep={onStep}
          />
        ))}
        {drawn === undefined ? null : (
          <div
            className="pixel-mark drawing"
            style={{
              left: `${(100 * drawn.left) / columns}%`,
              top: `${(100 * drawn.top) / rows}%`,
              width: `${(100 * drawn.width) / columns}%`,
              height: `${(100 * drawn.height) / rows}%`,
            }}
          />
        )}
      </div>
    </div>
  )
}
