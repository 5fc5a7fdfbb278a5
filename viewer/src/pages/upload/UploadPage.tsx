/** Where a data manager brings images in: drop a folder, watch every file, go on to QC. */
import { useQuery } from '@tanstack/react-query'
import { useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { beginUpload, currentUpload, forgetUpload } from '../../data/current-upload.ts'
import { droppedFiles } from '../../data/dropped-files.ts'
import { QueryError } from '../../data/QueryError.tsx'
import type { FileState, UploadFile } from '../../data/upload-snapshot.ts'
import type { Uploader } from '../../data/uploader.ts'
import { useSession } from '../../session/context.ts'
import {
  Badge,
  Button,
  EmptyState,
  ErrorState,
  LoadingState,
  ProgressBar,
  Table,
  type Tone,
  VirtualTable,
} from '../../ui/index.ts'
import { PixelReview } from './PixelReview.tsx'
import { Reason } from './Reason.tsx'
import { uploadTone } from './tones.ts'

export function UploadPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const [uploader, setUploader] = useState(() => currentUpload(project.projectKey))
  const begin = (files: readonly File[]) => {
    if (files.length === 0) return
    setUploader(beginUpload(session.client, project.projectKey, files))
  }
  return (
    <div className="page">
      <header>
        <h1>{t('upload.title')}</h1>
        <p>{t('upload.promise')}</p>
      </header>
      {uploader === undefined ? (
        <DropZone onFiles={begin} />
      ) : (
        <Running
          uploader={uploader}
          onAgain={() => {
            forgetUpload(project.projectKey)
            setUploader(undefined)
          }}
        />
      )}
      <Uploads />
    </div>
  )
}

function DropZone({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const { t } = useTranslation()
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setIsOver] = useState(false)
  return (
    <section
      className="panel"
      aria-label={t('upload.title')}
      style={{
        placeItems: 'center',
        padding: 48,
        borderStyle: 'dashed',
        borderColor: isOver ? 'var(--accent)' : 'var(--line-strong)',
      }}
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => {
        setIsOver(false)
      }}
      onDrop={(event) => {
        event.preventDefault()
        setIsOver(false)
        void droppedFiles(event.dataTransfer).then(onFiles)
      }}
    >
      <p className="muted">{t('upload.drop')}</p>
      <Button look="primary" onClick={() => input.current?.click()}>
        {t('upload.chooseFolder')}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        data-testid="upload-input"
        {...{ webkitdirectory: '' }}
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])])
        }}
      />
    </section>
  )
}

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

function Running({ uploader, onAgain }: { uploader: Uploader; onAgain: () => void }) {
  const { t, i18n } = useTranslation()
  const now = useSyncExternalStore(uploader.subscribe, uploader.snapshot)
  const { files, finished, sentBytes, isWaiting, uploadId, failureCode, waiting, looked } = now
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
            size: (sentBytes / 1_000_000).toFixed(1),
          })}
        />
        {uploadId === undefined && failureCode === undefined ? (
          <p className="muted small" role="status">
            {t(isWaiting ? 'upload.waitingNetwork' : 'upload.keepOpen')}
          </p>
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
          {uploadId === undefined && failureCode === undefined ? null : (
            <Button onClick={onAgain}>{t('upload.again')}</Button>
          )}
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

function Uploads() {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const { projectKey } = project
  const uploads = useQuery({
    queryKey: ['uploads', projectKey],
    queryFn: () => session.client.listUploads({ params: { projectKey } }),
    refetchInterval: 5_000,
  })
  if (uploads.isPending) return <LoadingState label={t('loading')} />
  if (uploads.isError) {
    return <QueryError error={uploads.error} retry={() => void uploads.refetch()} />
  }
  const { items } = uploads.data
  if (items.length === 0) return <EmptyState title={t('upload.none')} isSmall />
  return (
    <section className="stack">
      <h2>{t('upload.list')}</h2>
      <Table
        label={t('upload.list')}
        rows={items}
        keyOf={(upload) => upload.id}
        columns={[
          {
            key: 'when',
            title: t('upload.when'),
            draw: (upload) => (
              <Link to={`/uploads/${upload.id}`}>
                {new Date(upload.createdAt).toLocaleString(i18n.language)}
              </Link>
            ),
          },
          { key: 'who', title: t('upload.who'), draw: (upload) => upload.createdBy.displayName },
          {
            key: 'state',
            title: t('upload.state'),
            draw: (upload) => (
              <Badge tone={uploadTone(upload.status)}>{t(`uploadStatus.${upload.status}`)}</Badge>
            ),
          },
          {
            key: 'files',
            title: t('upload.files'),
            isNumber: true,
            draw: (upload) => upload.files.received,
          },
          {
            key: 'refused',
            title: t('upload.refused'),
            isNumber: true,
            draw: (upload) => upload.files.refused,
          },
        ]}
      />
    </section>
  )
}
