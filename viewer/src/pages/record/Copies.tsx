/** The recall list: data of the project in somebody's hands, overdue first, and what was destroyed. */
import type { Copy } from '@pandok/contract'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Badge, Button, EmptyState, LoadingState, Table } from '../../ui/index.ts'
import { RecordCopy, RecordDestruction } from './CopyForms.tsx'
import { inWords } from './ledger-words.ts'

export function Copies() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const queries = useQueryClient()
  const params = { projectKey: project.projectKey }
  const [state, setState] = useState<'out' | 'destroyed'>('out')
  const [isAdding, setIsAdding] = useState(false)
  const [destroyed, setDestroyed] = useState<Copy>()
  const copies = useQuery({
    queryKey: ['copies', params.projectKey, state],
    queryFn: () => session.client.listCopies({ params, query: { state } }),
  })
  const mayWrite = project.roles.includes('data-manager') || project.roles.includes('manager')
  const close = () => {
    setIsAdding(false)
    setDestroyed(undefined)
    void queries.invalidateQueries({ queryKey: ['copies', params.projectKey] })
    void queries.invalidateQueries({ queryKey: ['ledger', params.projectKey] })
  }
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('record.copies')}</h2>
        <div className="row">
          {(['out', 'destroyed'] as const).map((each) => (
            <Button
              key={each}
              size="small"
              aria-pressed={state === each}
              onClick={() => setState(each)}
            >
              {t(`record.states.${each}`)}
            </Button>
          ))}
          {mayWrite ? (
            <Button size="small" look="primary" onClick={() => setIsAdding(true)}>
              {t('record.recordCopy')}
            </Button>
          ) : null}
        </div>
      </div>
      {copies.isPending ? <LoadingState label={t('loading')} /> : null}
      {copies.isError ? (
        <QueryError error={copies.error} retry={() => void copies.refetch()} />
      ) : null}
      {copies.isSuccess ? (
        <List
          items={copies.data.items}
          state={state}
          onDestroy={mayWrite ? setDestroyed : undefined}
        />
      ) : null}
      {isAdding ? <RecordCopy onClose={close} /> : null}
      {destroyed === undefined ? null : <RecordDestruction copy={destroyed} onClose={close} />}
    </section>
  )
}

interface ListProps {
  readonly items: readonly Copy[]
  readonly state: 'out' | 'destroyed'
  readonly onDestroy: ((copy: Copy) => void) | undefined
}

function List({ items, state, onDestroy }: ListProps) {
  const { t } = useTranslation()
  const { project } = useSession()
  const said = (text: string) => inWords(t, text, project.projectKey)
  if (items.length === 0) return <EmptyState title={t(`record.none.${state}`)} isSmall />
  return (
    <Table
      label={t('record.copies')}
      rows={items}
      keyOf={(copy) => String(copy.id)}
      columns={[
        {
          key: 'until',
          title: t(state === 'out' ? 'record.until' : 'record.destroyedOn'),
          draw: (copy) => (
            <span className="nowrap">
              {state === 'out' ? copy.until : copy.destroyedOn}{' '}
              {copy.isOverdue ? <Badge tone="bad">{t('record.overdue')}</Badge> : null}
            </span>
          ),
        },
        {
          key: 'recipient',
          title: t('record.recipient'),
          draw: (copy) => (
            <>
              {said(copy.recipient)}
              <br />
              <span className="muted small">{said(copy.place)}</span>
            </>
          ),
        },
        { key: 'content', title: t('record.content'), draw: (copy) => said(copy.content) },
        {
          key: 'given',
          title: t('record.given'),
          draw: (copy) => (
            <span className="small">
              {copy.givenAt.slice(0, 10)}
              <br />
              <span className="muted">{copy.givenBy?.displayName ?? t('audit.machine')}</span>
            </span>
          ),
        },
        {
          key: 'end',
          title: state === 'out' ? '' : t('record.method'),
          draw: (copy) =>
            state === 'destroyed' ? (
              <>
                {copy.method}
                <br />
                <span className="muted small">
                  {t('record.keptUntil', { day: copy.keptUntil ?? '' })}
                </span>
              </>
            ) : onDestroy === undefined ? null : (
              <Button size="small" onClick={() => onDestroy(copy)}>
                {t('record.destroy')}
              </Button>
            ),
        },
      ]}
    />
  )
}
