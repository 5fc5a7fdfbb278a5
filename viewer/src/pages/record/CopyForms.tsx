/** Recording that a copy was handed over, and that it was destroyed. Both are for good. */
import type { Copy } from '@pandok/contract'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { ConfirmDialog, Field, showToast } from '../../ui/index.ts'
import { inWords } from './ledger-words.ts'

const FIELDS = ['recipient', 'place', 'content'] as const
const LONGEST = { recipient: 200, place: 200, content: 300 } as const

export function RecordCopy({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const [draft, setDraft] = useState({ recipient: '', place: '', content: '' })
  const [until, setUntil] = useState('')
  const record = useMutation({
    mutationFn: () =>
      session.client.recordCopy({
        params: { projectKey: project.projectKey },
        body: { ...draft, ...(until === '' ? {} : { until }) },
      }),
    onSuccess: () => {
      showToast(t('record.copyRecorded'))
      onClose()
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <ConfirmDialog
      title={t('record.recordCopy')}
      confirmLabel={t('record.record')}
      cancelLabel={t('cancel')}
      isBusy={record.isPending}
      isBlocked={FIELDS.some((name) => draft[name].trim() === '')}
      onConfirm={() => record.mutate()}
      onClose={onClose}
    >
      {FIELDS.map((name) => (
        <Field key={name} label={t(`record.${name}`)} hint={t(`record.hints.${name}`)}>
          {(control) => (
            <input
              {...control}
              value={draft[name]}
              maxLength={LONGEST[name]}
              onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <Field label={t('record.until')} hint={t('record.hints.until')}>
        {(control) => (
          <input
            {...control}
            type="date"
            value={until}
            onChange={(event) => setUntil(event.target.value)}
          />
        )}
      </Field>
    </ConfirmDialog>
  )
}

export function RecordDestruction({ copy, onClose }: { copy: Copy; onClose: () => void }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const [destroyedOn, setDestroyedOn] = useState('')
  const [method, setMethod] = useState('')
  const record = useMutation({
    mutationFn: () =>
      session.client.recordDestruction({
        params: { projectKey: project.projectKey, copyId: copy.id },
        body: { destroyedOn, method },
      }),
    onSuccess: () => {
      showToast(t('record.destructionRecorded'))
      onClose()
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <ConfirmDialog
      title={t('record.destroy')}
      confirmLabel={t('record.record')}
      cancelLabel={t('cancel')}
      isDanger
      isBusy={record.isPending}
      isBlocked={destroyedOn === '' || method.trim() === ''}
      onConfirm={() => record.mutate()}
      onClose={onClose}
    >
      <p>
        <strong>{inWords(t, copy.recipient, project.projectKey)}</strong> ·{' '}
        {inWords(t, copy.content, project.projectKey)}
      </p>
      <p className="muted small">{t('record.destroyNote')}</p>
      <Field label={t('record.destroyedOn')}>
        {(control) => (
          <input
            {...control}
            type="date"
            value={destroyedOn}
            onChange={(event) => setDestroyedOn(event.target.value)}
          />
        )}
      </Field>
      <Field label={t('record.method')} hint={t('record.hints.method')}>
        {(control) => (
          <input
            {...control}
            value={method}
            maxLength={200}
            onChange={(event) => setMethod(event.target.value)}
          />
        )}
      </Field>
    </ConfirmDialog>
  )
}
