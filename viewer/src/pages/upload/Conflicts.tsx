/** Files whose SOP Instance UID the archive holds with other bytes: they are left out, and why. */
import type { UploadDetail } from '@pandok/contract'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Button, showToast, Table } from '../../ui/index.ts'
import { ReasonDialog } from './ReasonDialog.tsx'

const REASONS = ['archived-is-right', 'sent-by-mistake', 'cannot-tell'] as const

export function Conflicts(props: {
  readonly upload: UploadDetail
  readonly onDecided: (upload: UploadDetail) => void
}) {
  const { upload, onDecided } = props
  const { t } = useTranslation()
  const { session } = useSession()
  const [isAsked, setAsked] = useState(false)
  const decide = useMutation({
    mutationFn: (chosen: (typeof REASONS)[number]) =>
      session.client.decideConflicts({
        params: { uploadId: upload.id },
        body: { decision: 'keep-archived', reason: chosen },
      }),
    onSuccess: onDecided,
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
    onSettled: () => {
      setAsked(false)
    },
  })
  if (upload.conflicts.length === 0) return null
  return (
    <section className="stack">
      <h2>{t('qc.conflicts')}</h2>
      <p>{t('qc.conflictsWhat')}</p>
      <Table
        label={t('qc.conflicts')}
        rows={upload.conflicts}
        keyOf={(row) => row.sha256}
        columns={[
          {
            key: 'file',
            title: t('upload.file'),
            draw: (row) => <code>{row.sha256.slice(0, 12)}</code>,
          },
          {
            key: 'archived',
            title: t('qc.conflictArchived'),
            draw: (row) => <code>{row.archivedSha256.slice(0, 12)}</code>,
          },
        ]}
      />
      {upload.status === 'awaiting-qc' ? (
        <div className="row">
          <Button onClick={() => setAsked(true)}>{t('qc.keepArchived')}</Button>
        </div>
      ) : null}
      {isAsked ? (
        <ReasonDialog
          title={t('qc.keepArchived')}
          reasons={REASONS}
          labelOf={(reason) => t(`qc.conflictReasons.${reason}`)}
          isBusy={decide.isPending}
          onConfirm={decide.mutate}
          onClose={() => setAsked(false)}
        />
      ) : null}
    </section>
  )
}
