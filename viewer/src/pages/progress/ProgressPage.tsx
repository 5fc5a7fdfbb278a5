/** Where the cases of the project wait: the project manager's first page. */
import { type Operations, type OutputOf, Stage } from '@pandok/contract'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { EmptyState, LoadingState, ProgressBar } from '../../ui/index.ts'

export function ProgressPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const progress = useQuery({
    queryKey: ['progress', params.projectKey],
    queryFn: () => session.client.getProgress({ params }),
    refetchInterval: 15_000,
  })
  return (
    <div className="page">
      <header>
        <h1>{t('progress.title')}</h1>
      </header>
      {progress.isPending ? (
        <LoadingState label={t('loading')} />
      ) : progress.isError ? (
        <QueryError error={progress.error} retry={() => void progress.refetch()} />
      ) : progress.data.cases === 0 ? (
        <EmptyState title={t('cases.none')} />
      ) : (
        <Numbers progress={progress.data} />
      )}
    </div>
  )
}

function Numbers({ progress }: { progress: OutputOf<Operations['getProgress']> }) {
  const { t } = useTranslation()
  const { cases, byStage, outcomes, releases } = progress
  const share = (count: number) => `${count} · ${Math.round((100 * count) / cases)}%`
  return (
    <>
      <dl className="facts">
        <div>
          <dt>{t('progress.cases')}</dt>
          <dd>{cases}</dd>
        </div>
        <div>
          <dt>{t('progress.outcomes')}</dt>
          <dd>{share(outcomes)}</dd>
        </div>
        <div>
          <dt>{t('progress.releases')}</dt>
          <dd>{releases}</dd>
        </div>
      </dl>
      <section className="panel">
        <h2>{t('progress.byStage')}</h2>
        {Stage.options.map((stage) => (
          <ProgressBar
            key={stage}
            label={t(`stages.${stage}`)}
            done={byStage[stage]}
            total={cases}
            text={share(byStage[stage])}
          />
        ))}
      </section>
    </>
  )
}
