/** The uploads of the project; one that still receives can be given up. */
import type { Upload } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { forgetInterrupted } from '../../data/current-upload.ts'
import { QueryError } from '../../data/QueryError.tsx'
import { uploadTone } from '../../data/upload-tones.ts'
import { useSession } from '../../session/context.ts'
import { Badge, Button, ConfirmDialog, EmptyState, LoadingState, Table } from '../../ui/index.ts'

/** `isSending`: this window does, so nothing is given up under it. */
export function UploadList({ isSending }: { isSending: boolean }) {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const { projectKey } = project
  const [asked, setAsked] = useState<Upload>()
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
          {
            key: 'give-up',
            title: '',
            draw: (upload) =>
              upload.status === 'receiving' && !isSending ? (
                <Button size="small" look="quiet" onClick={() => setAsked(upload)}>
                  {t('upload.giveUp')}
                </Button>
              ) : null,
          },
        ]}
      />
      {asked === undefined ? null : <GiveUp upload={asked} onClose={() => setAsked(undefined)} />}
    </section>
  )
}

function GiveUp({ upload, onClose }: { upload: Upload; onClose: () => void }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const queries = useQueryClient()
  const { projectKey } = project
  const giveUp = useMutation({
    mutationFn: async () => {
      await session.client.discardUpload({ params: { uploadId: upload.id } })
      await forgetInterrupted(projectKey, upload.id)
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['uploads', projectKey] })
      await queries.invalidateQueries({ queryKey: ['interrupted', projectKey] })
      onClose()
    },
  })
  return (
    <ConfirmDialog
      title={t('upload.giveUp')}
      confirmLabel={t('upload.giveUp')}
      cancelLabel={t('cancel')}
      isDanger
      isBusy={giveUp.isPending}
      onConfirm={() => giveUp.mutate()}
      onClose={onClose}
    >
      <p>{t('upload.giveUpAsk', { count: upload.files.received })}</p>
      {giveUp.isError ? <QueryError error={giveUp.error} retry={() => giveUp.mutate()} /> : null}
    </ConfirmDialog>
  )
}
