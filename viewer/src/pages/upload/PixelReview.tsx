/**
 * A person looks at the pixels of the series that wait: one after the other, in this window alone.
 * What is shown here is as the hospital's devices made it; nothing of it is stored or sent.
 */
import { useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { reviewsOf } from '../../data/upload-series.ts'
import type { WaitingSeries } from '../../data/upload-snapshot.ts'
import type { Uploader } from '../../data/uploader.ts'
import { useKey } from '../../data/use-key.ts'
import { Badge, Button, ConfirmDialog, ProgressBar } from '../../ui/index.ts'
import { ContactSheet } from './ContactSheet.tsx'
import { FrameEditor } from './FrameEditor.tsx'
import { LeaveOut } from './LeaveOut.tsx'
import { MarkList } from './MarkList.tsx'
import { currentView, unseenOf } from './review.model.ts'
import { draftOf } from './review-draft.ts'
import './review.css'

export interface PixelReviewProps {
  readonly uploader: Uploader
  readonly waiting: readonly WaitingSeries[]
}

export function PixelReview({ uploader, waiting }: PixelReviewProps) {
  const { t } = useTranslation()
  const [chosen, setChosen] = useState<string>()
  const current = waiting.find(({ series }) => series.id === chosen) ?? waiting[0]
  if (current === undefined) return null
  return (
    <section className="panel review" aria-label={t('review.title')}>
      <div className="row spread">
        <h2>{t('review.title')}</h2>
        <span className="muted small">{t('review.promise')}</span>
      </div>
      {waiting.length === 1 ? null : (
        <div className="row" role="group" aria-label={t('review.waiting')}>
          {waiting.map(({ series }, at) => (
            <Button
              key={series.id}
              size="small"
              aria-pressed={series.id === current.series.id}
              onClick={() => setChosen(series.id)}
            >
              {at + 1}. {series.modality} · {series.pseudonym}
            </Button>
          ))}
        </div>
      )}
      <OneSeries key={current.series.id} uploader={uploader} waiting={current} />
    </section>
  )
}

function OneSeries({ uploader, waiting }: { uploader: Uploader; waiting: WaitingSeries }) {
  const { t } = useTranslation()
  const draft = draftOf(waiting)
  const review = useSyncExternalStore(draft.subscribe, draft.snapshot)
  const [isActualSize, setIsActualSize] = useState(false)
  const [asked, setAsked] = useState<'nothing' | 'leave-out'>()
  const { series, isSheet, isAfter, marks, toBeSeen } = review
  const view = currentView(review)
  const unseen = unseenOf(review).length
  const isReady = unseen === 0
  const send = (blanked: typeof marks) => {
    if (!isReady) return
    uploader.decide(series.id, { kind: 'send', reviews: reviewsOf(series, blanked, review.seen) })
  }
  const addInMiddle = () => {
    const [width, height] = [series.columns / 4, series.rows / 12]
    const [left, top] = [(series.columns - width) / 2, (series.rows - height) / 2]
    draft.step({ kind: 'sheet', isSheet: false })
    draft.step({ kind: 'add', box: { left, top, width, height } })
  }
  const sayNothing = () => {
    if (!isReady) return
    if (marks.length === 0) send([])
    else setAsked('nothing')
  }
  useKey('n', addInMiddle)
  useKey(' ', () => draft.step({ kind: 'after' }))
  useKey('s', () => draft.step({ kind: 'sheet', isSheet: !isSheet }))
  useKey('z', () => setIsActualSize(!isActualSize))
  useKey('Enter', () => send(marks))
  return (
    <>
      <div className="row small">
        <Badge tone="warn">{series.modality}</Badge>
        <strong>{series.pseudonym}</strong>
        <span className="muted">
          {t('review.size', { count: review.views.length, ...series })} ·{' '}
          {t(`review.why.${waiting.why}`)} ·{' '}
          {t('review.looked', { frames: waiting.looked.frames, of: waiting.looked.of })}
        </span>
      </div>
      <div className="review-body">
        <div className="stack">
          {isSheet || view === undefined ? (
            <ContactSheet review={review} pictures={uploader.pictures} onStep={draft.step} />
          ) : (
            <>
              <FrameEditor
                review={review}
                view={view}
                pictures={uploader.pictures}
                isActualSize={isActualSize}
                onStep={draft.step}
              />
              <Scroller
                at={review.at}
                count={review.views.length}
                onGo={(to) => draft.step({ kind: 'go', to })}
              />
            </>
          )}
        </div>
        <aside className="review-side">
          <div className="row">
            <Button
              size="small"
              aria-pressed={isSheet}
              shortcut="S"
              onClick={() => draft.step({ kind: 'sheet', isSheet: !isSheet })}
            >
              {t('review.sheet')}
            </Button>
            <Button
              size="small"
              aria-pressed={isAfter}
              shortcut="Space"
              onClick={() => draft.step({ kind: 'after' })}
            >
              {t('review.after')}
            </Button>
            <Button
              size="small"
              aria-pressed={isActualSize}
              shortcut="Z"
              onClick={() => setIsActualSize(!isActualSize)}
            >
              {t('review.actualSize')}
            </Button>
          </div>
          <MarkList review={review} onStep={draft.step} onAdd={addInMiddle} />
        </aside>
      </div>
      <div className="review-actions">
        <div className="review-seen">
          <ProgressBar
            label={t('review.seen')}
            done={toBeSeen.length - unseen}
            total={toBeSeen.length}
            text={t('review.seenOf', { done: toBeSeen.length - unseen, total: toBeSeen.length })}
          />
          {isReady ? null : <p className="muted small">{t('review.seeAll')}</p>}
        </div>
        <div className="row">
          <Button look="danger" onClick={() => setAsked('leave-out')}>
            {t('review.leaveOut')}
          </Button>
          <Button
            look={marks.length === 0 ? 'primary' : 'plain'}
            disabled={!isReady}
            onClick={sayNothing}
          >
            {t('review.nothing')}
          </Button>
          <Button
            look={marks.length === 0 ? 'plain' : 'primary'}
            disabled={!isReady || marks.length === 0}
            shortcut="Enter"
            onClick={() => send(marks)}
          >
            {t('review.blank', { count: marks.length })}
          </Button>
        </div>
      </div>
      {asked === 'nothing' ? (
        <ConfirmDialog
          title={t('review.nothing')}
          confirmLabel={t('review.nothing')}
          cancelLabel={t('cancel')}
          onConfirm={() => send([])}
          onClose={() => setAsked(undefined)}
        >
          <p>{t('review.nothingAsk', { count: marks.length })}</p>
        </ConfirmDialog>
      ) : null}
      {asked === 'leave-out' ? (
        <LeaveOut
          files={series.files.length}
          onLeaveOut={(code) => uploader.decide(series.id, { kind: 'leave-out', code })}
          onClose={() => setAsked(undefined)}
        />
      ) : null}
    </>
  )
}

function Scroller({ at, count, onGo }: { at: number; count: number; onGo: (to: number) => void }) {
  const { t } = useTranslation()
  useKey('PageDown', () => onGo(at + 1))
  useKey('PageUp', () => onGo(at - 1))
  useKey('Home', () => onGo(0))
  useKey('End', () => onGo(count - 1))
  const label = t('review.frame', { index: at + 1, count })
  return (
    <div className="review-scroller small">
      <input
        type="range"
        aria-label={label}
        min={0}
        max={Math.max(0, count - 1)}
        value={at}
        disabled={count === 1}
        onChange={(event) => onGo(Number(event.target.value))}
      />
      <span className="num">{label}</span>
    </div>
  )
}
