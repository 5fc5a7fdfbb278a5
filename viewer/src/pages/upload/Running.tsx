/** An upload that this window runs: how far it is, what was left out and why; it can be held up. */
import { useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { FileState, UploadFile, UploadSnapshot } from '../../data/upload-snapshot.ts'
import type { Uploader } from '../../data/uploader.ts'
import { Badge, Button, ErrorState, ProgressBar, type Tone, VirtualTable } from '../../ui/index.ts'
import { PixelReview } from './PixelReview.tsx'
import { Reason } from './Reason.tsx'

const TONES: Readonly<Record<FileState, Tone>> = {
  queued: 'neutral',
  inspecting: 'active',
  inspected: 'neutral',
  looking: 'active',
  waiting: 'warn',
  cleaning: 'active',
  sending: 'active',
  received: 'ok',
  'left-out': 'warn',
  failed: 'bad',
}

export function Running({ uploader, onAgain }: { uploader: Uploader; onAgain: () => void }) {
  const { t, i18n } = useTranslation()
  const now = useSyncExternalStore(uploader.subscribe, uploader.snapshot)
  const { files, finished, bytes, isWaiting, isPaused, uploadId, failureCode, waiting, looked } =
    now
  const isRunning = uploadId === undefined && failureCode === undefined
  const [isOnlyLeftOut, setIsOnlyLeftOut] = useState(false)
  const leftOut = files.filter((file) => file.state === 'left-out' || file.state === 'failed')
  const shown = isOnlyLeftOut ? leftOut : files
  const columns = [
    { key: 'file', title: t('upload.file'), draw: (file: UploadFile) => file.name },
    {
      key: 'state',
      title: t('upload.state'),
      draw: (file: UploadFile) => (
        <Badge tone={TONES[file.state]}>{t(`upload.states.${file.state}`)}</Badge>
      ),
    },
    {
      key: 'reason',
      title: t('upload.reason'),
      draw: (file: UploadFile) => <Reason code={file.code} />,
    },
  ]
  return (
    <>
      {waiting.length === 0 ? null : (
        <>
          <p className="notice warn" role="status">
            {t('upload.waitsForYou', { count: waiting.length })}
          </p>
          <PixelReview uploader={uploader} waiting={waiting} />
        </>
      )}
      <section className="panel">
        {now.inspected === files.length ? null : (
          <ProgressBar
            label={t('upload.reading')}
            done={now.inspected}
            total={files.length}
            text={t('upload.filesOf', { done: now.inspected, total: files.length })}
          />
        )}
        {looked.frames === looked.of ? null : (
          <ProgressBar
            label={t('upload.looking')}
            done={looked.frames}
            total={looked.of}
            text={t('upload.lookedOf', looked)}
          />
        )}
        <ProgressBar
          label={t('upload.total')}
          done={finished}
          total={files.length}
          text={t('upload.progress', {
            done: finished,
            total: files.length,
            size: megabytes(bytes.done),
            all: megabytes(bytes.of),
          })}
        />
        {isRunning ? (
          <div className="row between">
            <p className="muted small" role="status">
              {t(statusOf({ isWaiting, isPaused }))}{' '}
              {isPaused ? null : <PaceText pace={now.pace} />}
            </p>
            <Button
              size="small"
              aria-pressed={isPaused}
              onClick={() => {
                if (isPaused) uploader.resume()
                else uploader.pause()
              }}
            >
              {t(isPaused ? 'upload.goOn' : 'upload.pause')}
            </Button>
          </div>
        ) : null}
        {failureCode === undefined ? null : (
          <ErrorState
            title={t('failed')}
            message={
              i18n.exists(`leftOut.${failureCode}`)
                ? t(`leftOut.${failureCode}` as 'leftOut.DUPLICATE')
                : ''
            }
            code={failureCode}
          />
        )}
        <div className="row">
          {uploadId === undefined ? null : (
            <Link className="button primary" to={`/uploads/${uploadId}`}>
              {t('upload.openUpload')}
            </Link>
          )}
          {isRunning ? null : <Button onClick={onAgain}>{t('upload.again')}</Button>}
        </div>
        {leftOut.length === 0 ? null : (
          <label className="row small">
            <input
              type="checkbox"
              checked={isOnlyLeftOut}
              onChange={(event) => {
                setIsOnlyLeftOut(event.target.checked)
              }}
            />
            {t('upload.onlyLeftOut', { count: leftOut.length })}
          </label>
        )}
        <VirtualTable
          label={t('upload.total')}
          columns={columns}
          rows={shown}
          keyOf={(file) => file.name}
          heightPx={320}
        />
      </section>
    </>
  )
}

const megabytes = (bytes: number) => (bytes / 1_000_000).toFixed(bytes < 100_000_000 ? 1 : 0)

function statusOf({ isWaiting, isPaused }: { isWaiting: boolean; isPaused: boolean }) {
  if (isPaused) return 'upload.paused'
  return isWaiting ? 'upload.waitingNetwork' : 'upload.keepOpen'
}

function PaceText({ pace }: { pace: UploadSnapshot['pace'] }) {
  const { t } = useTranslation()
  if (pace === undefined) return null
  const minutes = Math.ceil(pace.secondsLeft / 60)
  const rate = (pace.bytesPerSecond / 1_000_000).toFixed(1)
  return <span className="num">{t('upload.pace', { rate, minutes })}</span>
}
