/** The cases of the project: where each waits, and whether its outcome is known. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Badge, EmptyState, LoadingState, Table } from '../../ui/index.ts'

export function CasesPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const cases = useQuery({
    queryKey: ['cases', params.projectKey],
    queryFn: () => session.client.listCases({ params }),
    refetchInterval: 10_000,
  })
  if (cases.isPending) return <LoadingState label={t('loading')} />
  if (cases.isError) return <QueryError error={cases.error} retry={() => void cases.refetch()} />
  const canEnter = project.roles.includes('data-manager')
  return (
    <div className="page">
      <header>
        <h1>{t('cases.title')}</h1>
      </header>
      {cases.data.items.length === 0 ? (
        <EmptyState title={t('cases.none')} />
      ) : (
        <Table
          label={t('cases.title')}
          rows={cases.data.items}
          keyOf={(row) => row.id}
          columns={[
            {
              key: 'case',
              title: t('worklist.case'),
              draw: (row) => <Link to={`/cases/${row.id}`}>{row.pseudonym}</Link>,
            },
            {
              key: 'stage',
              title: t('cases.stage'),
              draw: (row) => (
                <Badge tone={row.stage === 'accepted' ? 'ok' : 'active'}>
                  {t(`stages.${row.stage}`)}
                </Badge>
              ),
            },
            {
              key: 'images',
              title: t('cases.images'),
              isNumber: true,
              draw: (row) => row.instances,
            },
            {
              key: 'outcome',
              title: t('cases.outcome'),
              draw: (row) => (
                <Badge tone={row.hasOutcome ? 'ok' : 'warn'}>
                  {t(row.hasOutcome ? 'cases.entered' : 'cases.missing')}
                </Badge>
              ),
            },
            {
              key: 'enter',
              title: '',
              draw: (row) =>
                canEnter ? (
                  <Link
                    to={`/cases/${row.id}/outcome`}
                    aria-label={`${t('cases.enter')} ${row.pseudonym}`}
                  >
                    {t('cases.enter')}
                  </Link>
                ) : null,
            },
          ]}
        />
      )}
    </div>
  )
}
