/** Where a data manager brings images in: drop a folder, watch every file, go on to QC. */
import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { filesOf } from '../../data/chosen-files.ts'
import {
  beginUpload,
  currentUpload,
  forgetUpload,
  interruptedUpload,
} from '../../data/current-upload.ts'
import { droppedFiles } from '../../data/dropped-files.ts'
import type { ChosenFile } from '../../data/zip-entries.ts'
import { useSession } from '../../session/context.ts'
import { Button } from '../../ui/index.ts'
import { Running } from './Running.tsx'
import { UploadList } from './UploadList.tsx'

export function UploadPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const { projectKey } = project
  const [uploader, setUploader] = useState(() => currentUpload(projectKey))
  const begin = (files: readonly ChosenFile[]) => {
    if (files.length === 0) return
    setUploader(beginUpload(session.client, projectKey, files))
  }
  return (
    <div className="page">
      <header>
        <h1>{t('upload.title')}</h1>
        <PeersLink />
        <p>{t('upload.promise')}</p>
      </header>
      {uploader === undefined ? (
        <>
          <Interrupted />
          <DropZone onFiles={begin} />
        </>
      ) : (
        <Running
          uploader={uploader}
          onAgain={() => {
            forgetUpload(projectKey)
            setUploader(undefined)
          }}
        />
      )}
      <UploadList isSending={uploader !== undefined} />
    </div>
  )
}

/** Where the operator configured other servers. */
function PeersLink() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const peers = useQuery({
    queryKey: ['peers', params.projectKey],
    queryFn: () => session.client.listPeers({ params }),
  })
  if (peers.data === undefined || peers.data.items.length === 0) return null
  return <Link to="/upload/peers">{t('peers.title')}</Link>
}

/** After a closed tab: what this browser had begun, and how it goes on. */
function Interrupted() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const { projectKey } = project
  const interrupted = useQuery({
    queryKey: ['interrupted', projectKey],
    queryFn: () => interruptedUpload(session.client, projectKey),
    // It is true at the moment it is shown, or not at all.
    gcTime: 0,
  })
  if (interrupted.data === undefined || interrupted.data === null) return null
  return (
    <p className="notice warn" role="status">
      {t('upload.interrupted', interrupted.data)}
    </p>
  )
}

function DropZone({ onFiles }: { onFiles: (files: readonly ChosenFile[]) => void }) {
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
          const files = [...(event.target.files ?? [])]
          void Promise.all(files.map((file) => filesOf(file))).then((each) => onFiles(each.flat()))
        }}
      />
    </section>
  )
}
