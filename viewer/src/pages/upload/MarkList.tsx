/** The marks of the series beside the frame: where each reaches, and a way to take it away. */
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { isMarkedIn, type Reach } from '../../data/upload-series.ts'
import { Button, classes } from '../../ui/index.ts'
import { currentView, type Review, type ReviewStep, reachesOf, reachName } from './review.model.ts'

export interface MarkListProps {
  readonly review: Review
  readonly onStep: (step: ReviewStep) => void
  readonly onAdd: () => void
}

export function MarkList({ review, onStep, onAdd }: MarkListProps) {
  const { t } = useTranslation()
  const view = currentView(review)
  const indexOf = (file: number, frame: number) =>
    review.views.findIndex((each) => each.file === file && each.frame === frame)
  return (
    <section className="stack" aria-label={t('review.marks')}>
      <div className="row spread">
        <h3>{t('review.marks')}</h3>
        <Button size="small" shortcut="N" onClick={onAdd}>
          {t('review.add')}
        </Button>
      </div>
      {review.marks.length === 0 ? <p className="muted small">{t('review.noMarks')}</p> : null}
      <ol className="review-marks">
        {review.marks.map((mark, at) => {
          const isHere = view !== undefined && isMarkedIn(mark, view)
          const reaches = reachesOf(review, mark)
          return (
            <li key={mark.id} className={classes(mark.source, !isHere && 'elsewhere')}>
              <Button
                size="small"
                look="quiet"
                aria-label={t('review.goToMark', { number: at + 1 })}
                onClick={() => onStep({ kind: 'go', to: indexOf(mark.at.file, mark.at.frame) })}
              >
                {at + 1}
              </Button>
              <span className="small">{t(`review.sources.${mark.source}`)}</span>
              {reaches.length < 2 ? null : (
                <select
                  className="input small"
                  aria-label={t('review.reach')}
                  value={mark.reach}
                  onChange={(event) => {
                    const reach = reaches.find((each) => each === event.target.value)
                    if (reach !== undefined) onStep({ kind: 'reach', id: mark.id, reach })
                  }}
                >
                  {reaches.map((reach: Reach) => (
                    <option key={reach} value={reach}>
                      {t(`review.reaches.${reachName(review, mark, reach)}`)}
                    </option>
                  ))}
                </select>
              )}
              <Button
                size="small"
                look="quiet"
                aria-label={t('review.remove', { number: at + 1 })}
                onClick={() => onStep({ kind: 'remove', id: mark.id })}
              >
                ×
              </Button>
            </li>
          )
        })}
      </ol>
      <dl className="review-keys small muted">
        {(['add', 'move', 'resize', 'remove', 'between', 'scroll'] as const).map((what) => (
          <Fragment key={what}>
            <dt>
              <kbd>{t(`review.keys.${what}.key`)}</kbd>
            </dt>
            <dd>{t(`review.keys.${what}.text`)}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  )
}
