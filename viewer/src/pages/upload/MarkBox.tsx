/** One mark over a frame: arrows move it, with shift they resize it, Delete takes it away. */
import { useTranslation } from 'react-i18next'
import { classes } from '../../ui/index.ts'
import { nudged, type PlacedMark, type Review, type ReviewStep, reachName } from './review.model.ts'

export interface MarkBoxProps {
  readonly mark: PlacedMark
  readonly number: number
  readonly review: Review
  /** Just added: the keys are for it. */
  readonly isNew: boolean
  readonly onStep: (step: ReviewStep) => void
}

export function MarkBox({ mark, number, review, isNew, onStep }: MarkBoxProps) {
  const { t } = useTranslation()
  const { rows, columns } = review.series
  const { id } = mark
  return (
    <button
      type="button"
      className={classes('pixel-mark', mark.source, review.isAfter && 'blank')}
      data-mark={id}
      data-passes-keys
      aria-label={t('review.markLabel', {
        number,
        source: t(`review.sources.${mark.source}`),
        reach: t(`review.reaches.${reachName(review, mark, mark.reach)}`),
      })}
      ref={isNew ? takeFocus : undefined}
      style={{
        left: `${(100 * mark.left) / columns}%`,
        top: `${(100 * mark.top) / rows}%`,
        width: `${(100 * mark.width) / columns}%`,
        height: `${(100 * mark.height) / rows}%`,
      }}
      onKeyDown={(event) => {
        if (event.key === 'Delete' || event.key === 'Backspace') {
          event.preventDefault()
          onStep({ kind: 'remove', id })
          return
        }
        const box = nudged(mark, event.key, event.shiftKey)
        if (box === undefined) return
        event.preventDefault()
        onStep({ kind: 'place', id, box })
      }}
    >
      {review.isAfter ? null : (
        <>
          <span className="tag" aria-hidden="true">
            {number}
          </span>
          {(['nw', 'ne', 'sw', 'se'] as const).map((corner) => (
            <span key={corner} className={classes('corner', corner)} aria-hidden="true" />
          ))}
        </>
      )}
    </button>
  )
}

/** One function for all: the focus is taken when the mark appears and not again. */
function takeFocus(element: HTMLButtonElement | null): void {
  element?.focus()
}
