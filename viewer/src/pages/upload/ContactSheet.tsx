/** Many frames small with their marks: what is on the screen counts as seen. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useInSight } from '../../bridge/use-in-sight.ts'
import { usePicture } from '../../bridge/use-picture.ts'
import type { Pictures } from '../../data/pictures.ts'
import { type View, viewKey } from '../../data/upload-series.ts'
import { useKey } from '../../data/use-key.ts'
import { Button, classes } from '../../ui/index.ts'
import { marksIn, type Review, type ReviewStep } from './review.model.ts'

export interface ContactSheetProps {
  readonly review: Review
  readonly pictures: Pictures
  readonly onStep: (step: ReviewStep) => void
}

const PAGE_SIZE = 20
const SIDE_PX = 320

export function ContactSheet({ review, pictures, onStep }: ContactSheetProps) {
  const { t } = useTranslation()
  const isAllOffered = review.views.length > review.toBeSeen.length
  const [isAll, setIsAll] = useState(false)
  const views = isAll ? review.views : review.toBeSeen
  const pages = Math.max(1, Math.ceil(views.length / PAGE_SIZE))
  const [wanted, setWanted] = useState(0)
  const page = Math.min(wanted, pages - 1)
  const turn = (by: number) => setWanted(Math.min(pages - 1, Math.max(0, page + by)))
  useKey('PageDown', () => turn(1))
  useKey('PageUp', () => turn(-1))
  return (
    <div className="stack">
      <div className="row spread small">
        {isAllOffered ? (
          <label className="row">
            <input
              type="checkbox"
              checked={isAll}
              onChange={(event) => setIsAll(event.target.checked)}
            />
            {t('review.everyFrame', { count: review.views.length })}
          </label>
        ) : (
          <span className="muted">{t('review.sheetHint')}</span>
        )}
        <div className="row">
          <Button size="small" disabled={page === 0} onClick={() => turn(-1)} shortcut="PgUp">
            {t('review.previousPage')}
          </Button>
          <span className="num">{t('review.page', { page: page + 1, pages })}</span>
          <Button
            size="small"
            disabled={page === pages - 1}
            onClick={() => turn(1)}
            shortcut="PgDn"
          >
            {t('review.nextPage')}
          </Button>
        </div>
      </div>
      <ul className="review-sheet">
        {views.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE).map((view) => (
          <li key={viewKey(view)}>
            <Thumbnail review={review} view={view} pictures={pictures} onStep={onStep} />
          </li>
        ))}
      </ul>
    </div>
  )
}

function Thumbnail({
  review,
  view,
  pictures,
  onStep,
}: ContactSheetProps & { readonly view: View }) {
  const { t } = useTranslation()
  const { rows, columns } = review.series
  const { target, isInSight } = useInSight<HTMLButtonElement>()
  const { canvas, state } = usePicture(pictures, view, {
    maxSide: SIDE_PX,
    isWanted: isInSight,
    onDrawn: (seen) => onStep({ kind: 'saw', views: [seen] }),
  })
  const at = review.views.findIndex((each) => viewKey(each) === viewKey(view))
  const isSeen = review.seen.has(viewKey(view))
  return (
    <button
      ref={target}
      type="button"
      className={classes('review-thumb', isSeen && 'seen')}
      aria-label={t('review.openFrame', { index: at + 1 })}
      onClick={() => {
        onStep({ kind: 'go', to: at })
        onStep({ kind: 'sheet', isSheet: false })
      }}
    >
      <span className="picture" style={{ aspectRatio: `${columns} / ${rows}` }}>
        <canvas ref={canvas} data-drawn={state.kind === 'drawn'} />
        {state.kind === 'failed' ? <code>{state.code}</code> : null}
        {marksIn(review, view).map((mark) => (
          <span
            key={mark.id}
            className={classes('pixel-mark', mark.source, review.isAfter && 'blank')}
            style={{
              left: `${(100 * mark.left) / columns}%`,
              top: `${(100 * mark.top) / rows}%`,
              width: `${(100 * mark.width) / columns}%`,
              height: `${(100 * mark.height) / rows}%`,
            }}
          />
        ))}
      </span>
      <span className="caption">
        <span className="num">{at + 1}</span>
        <span>{isSeen ? `✓ ${t('review.seenMark')}` : ''}</span>
      </span>
    </button>
  )
}
