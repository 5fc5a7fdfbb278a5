/** The versions of the project's key, and a new one: what that means is said before it happens. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import {
  Badge,
  Button,
  ConfirmDialog,
  EmptyState,
  Field,
  LoadingState,
  showToast,
  Table,
} from '../../ui/index.ts'

const REASONS = ['schedule', 'suspected-disclosure', 'person-left'] as const

export function KeySettings({ mayRotate }: { mayRotate: boolean }) {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const [isAsked, setIsAsked] = useState(false)
  const keys = useQuery({
    queryKey: ['keys', params.projectKey],
    queryFn: () => session.client.listDeidentificationKeys({ params }),
  })
  const items = keys.data?.items ?? []
  const [newest] = items
  return (
    <section className="panel">
      <div className="row spread">
        <h2>{t('settings.key')}</h2>
        {mayRotate && newest !== undefined ? (
          <Button look="danger" size="small" onClick={() => setIsAsked(true)}>
            {t('settings.rotate')}
          </Button>
        ) : null}
      </div>
      <p className="muted small">{t('settings.keyNote')}</p>
      {keys.isPending ? <LoadingState label={t('loading')} /> : null}
      {keys.isError ? <QueryError error={keys.error} retry={() => void keys.refetch()} /> : null}
      {keys.isSuccess && newest === undefined ? (
        <EmptyState title={t('settings.noKey')} isSmall />
      ) : null}
      {newest === undefined ? null : (
        <Table
          label={t('settings.key')}
          rows={items}
          keyOf={(row) => String(row.version)}
          columns={[
            {
              key: 'version',
              title: t('settings.versionNumber'),
              draw: (row) => (
                <>
                  {row.version}{' '}
                  {row.version === newest.version ? (
                    <Badge tone="ok">{t('settings.inForce')}</Badge>
                  ) : null}
                </>
              ),
            },
            {
              key: 'fingerprint',
              title: t('settings.fingerprint'),
              draw: (row) => <code>{row.fingerprint}</code>,
            },
            {
              key: 'when',
              title: t('settings.madeAt'),
              draw: (row) => new Date(row.createdAt).toLocaleString(i18n.language),
            },
            {
              key: 'subjects',
              title: t('settings.subjects'),
              isNumber: true,
              draw: (row) => row.subjects,
            },
          ]}
        />
      )}
      {isAsked && newest !== undefined ? (
        <Rotation
          replaces={newest.version}
          subjects={newest.subjects}
          onClose={() => {
            setIsAsked(false)
            void keys.refetch()
          }}
        />
      ) : null}
    </section>
  )
}

interface RotationProps {
  readonly replaces: number
  readonly subjects: number
  readonly onClose: () => void
}

function Rotation({ replaces, subjects, onClose }: RotationProps) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const [reason, setReason] = useState<(typeof REASONS)[number]>('schedule')
  const [isUnderstood, setIsUnderstood] = useState(false)
  const rotate = useMutation({
    mutationFn: () =>
      session.client.rotateDeidentificationKey({
        params: { projectKey: project.projectKey },
        body: { replaces, reason },
      }),
    onSuccess: (made) => {
      showToast(t('settings.rotated', { version: made.version }))
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      title={t('settings.rotate')}
      confirmLabel={t('settings.rotate')}
      cancelLabel={t('cancel')}
      isDanger
      isBusy={rotate.isPending}
      isBlocked={!isUnderstood}
      onConfirm={() => rotate.mutate()}
      onClose={onClose}
    >
      <ul className="notes">
        <li>{t('settings.rotateNew')}</li>
        <li>{t('settings.rotateKnown', { count: subjects })}</li>
        <li>{t('settings.rotateOld')}</li>
        <li>{t('settings.rotateGood')}</li>
      </ul>
      <Field label={t('upload.reason')}>
        {(control) => (
          <select
            {...control}
            value={reason}
            onChange={(event) => {
              setReason(REASONS.find((each) => each === event.target.value) ?? reason)
            }}
          >
            {REASONS.map((each) => (
              <option key={each} value={each}>
                {t(`settings.rotateReasons.${each}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <label className="row">
        <input
          type="checkbox"
          checked={isUnderstood}
          onChange={(event) => setIsUnderstood(event.target.checked)}
        />
        {t('settings.understood')}
      </label>
    </ConfirmDialog>
  )
}
