/** Who did what, when, on what; newest first. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Button, EmptyState, Field, LoadingState, Table } from '../../ui/index.ts'

const PAGE_SIZE = 100

export function AuditPage() {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const [actor, setActor] = useState('')
  const [action, setAction] = useState('')
  const trail = useInfiniteQuery({
    queryKey: ['audit', params.projectKey, actor, action],
    // The fields stay under the hands of who types.
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      session.client.listAudit({
        params,
        query: {
          limit: PAGE_SIZE,
          ...(pageParam === undefined ? {} : { before: pageParam }),
          ...(actor === '' ? {} : { actor }),
          ...(action === '' ? {} : { action }),
        },
      }),
    getNextPageParam: (page) => page.nextBefore ?? undefined,
  })
  if (trail.isPending) return <LoadingState label={t('loading')} />
  if (trail.isError) return <QueryError error={trail.error} retry={() => void trail.refetch()} />
  const rows = trail.data.pages.flatMap((page) => page.items)
  return (
    <div className="page">
      <header>
        <h1>{t('audit.title')}</h1>
      </header>
      <div className="columns">
        <Field label={t('audit.filterPerson')}>
          {(control) => (
            <input {...control} value={actor} onChange={(event) => setActor(event.target.value)} />
          )}
        </Field>
        <Field label={t('audit.filterAction')}>
          {(control) => (
            <input
              {...control}
              value={action}
              onChange={(event) => setAction(event.target.value)}
            />
          )}
        </Field>
      </div>
      {rows.length === 0 ? (
        <EmptyState title={t('audit.none')} />
      ) : (
        <Table
          label={t('audit.title')}
          rows={rows}
          keyOf={(row) => row.sequence}
          columns={[
            {
              key: 'when',
              title: t('audit.when'),
              draw: (row) => (
                <time className="nowrap" dateTime={row.at}>
                  {new Date(row.at).toLocaleString(i18n.language)}
                </time>
              ),
            },
            {
              key: 'who',
              title: t('audit.who'),
              draw: (row) => row.actor?.displayName ?? t('audit.machine'),
            },
            {
              key: 'what',
              title: t('audit.what'),
              draw: (row) => (
                <>
                  {t(`audit.actions.${row.action.replace(/[:.]/g, '-')}`, {
                    defaultValue: row.action,
                  })}
                  <br />
                  <code className="muted small">{row.action}</code>
                </>
              ),
            },
            {
              key: 'object',
              title: t('audit.object'),
              draw: (row) => (
                <>
                  {row.objectKind} <code>{row.objectId.slice(0, 8)}</code>
                </>
              ),
            },
            {
              key: 'details',
              title: t('audit.details'),
              draw: (row) => <code className="small wrap">{JSON.stringify(row.details)}</code>,
            },
          ]}
        />
      )}
      {trail.hasNextPage ? (
        <Button onClick={() => void trail.fetchNextPage()}>{t('audit.more')}</Button>
      ) : null}
    </div>
  )
}
