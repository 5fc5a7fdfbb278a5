/** Where a data manager brings images in: drop a folder, watch every file, go on to QC. */
import { useQuery } from '@tanstack/react-query'
import { useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { droppedFiles } from '../../data/dropped-files.ts'
import { QueryError } from '../../data/QueryError.tsx'
import { startUpload, type Uploader, type UploadFile } from '../../data/uploader.ts'
import { useSession } from '../../session/context.ts'
import {
  Badge,
  Button,
  EmptyState,
  ErrorState,
  LoadingState,
  ProgressBar,
  Table,
  VirtualTable,
} from '../../ui/index.ts'
import { uploadTone } from './tones.ts'

export function UploadPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const [uploader, setUploader] = useState<Uploader>()
  const begin = (files: readonly File[]) => {
    if (files.length === 0) return
    const { client } = session
    setUploader(startUpload({ client, projectKey: project.projectKey, files }))
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

function Running({ uploader, onAgain }: { uploader: Uploader; onAgain: () => void }) {
  const { t } = useTranslation()
  const { files, finished, uploadId, failureCode } = useSyncExternalStore(
    uploader.subscribe,
    uploader.snapshot,
  )
  const columns = [
    { key: 'file', title: t('upload.file'), draw: (file: UploadFile) => file.name },
    {
      key: 'state',
      title: t('upload.state'),
      draw: (file: UploadFile) => (
        <Badge
          tone={file.state === 'received' ? 'ok' : file.state === 'left-out' ? 'warn' : 'neutral'}
        >
          {t(`upload.states.${file.state}`)}
        </Badge>
      ),
    },
    { key: 'reason', title: t('upload.reason'), draw: (file: UploadFile) => file.code ?? '' },
  ]
  return (
    <section className="panel">
      <ProgressBar
        label={t('upload.total')}
        done={finished}
        total={files.length}
        text={t('upload.progress', { done: finished, total: files.length })}
      />
      {failureCode === undefined ? null : (
        <ErrorState title={t('failed')} message="" code={failureCode} />
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
      <VirtualTable
        label={t('upload.total')}
        columns={columns}
        rows={files}
        keyOf={(file) => file.name}
        heightPx={320}
      />
    </section>
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
  if (items.length === 0) return <EmptyState title={t('upload.none')} />
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
