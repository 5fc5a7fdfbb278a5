/** One case: who did what on it, and what the reviewers said. */
import type { Operations, OutputOf, Review, Task } from '@pandok/contract'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { ArchivedSeries } from '../../data/ArchivedSeries.tsx'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Badge, LoadingState, Table } from '../../ui/index.ts'

export function CasePage() {
  const { t } = useTranslation()
  const { session } = useSession()
  const params = { caseId: useParams()['caseId'] ?? '' }
  const found = useQuery({
    queryKey: ['case', params.caseId],
    queryFn: () => session.client.getCase({ params }),
  })
  if (found.isPending) return <LoadingState label={t('loading')} />
  if (found.isError) return <QueryError error={found.error} retry={() => void found.refetch()} />
  return <CaseDetail found={found.data} />
}

function CaseDetail({ found }: { found: OutputOf<Operations['getCase']> }) {
  const { t } = useTranslation()
  const { project } = useSession()
  const mayEnter = project.roles.includes('data-manager')
  return (
    <div className="page">
      <header>
        <div className="row">
          <h1>{found.pseudonym}</h1>
          <Badge tone={found.stage === 'accepted' ? 'ok' : 'active'}>
            {t(`stages.${found.stage}`)}
          </Badge>
        </div>
        {mayEnter ? (
          <Link className="button primary" to={`/cases/${found.id}/outcome`}>
            {t('cases.enter')}
          </Link>
        ) : null}
      </header>
      <dl className="facts">
        <div>
          <dt>{t('cases.studies')}</dt>
          <dd>{found.studies}</dd>
        </div>
        <div>
          <dt>{t('cases.images')}</dt>
          <dd>{found.instances}</dd>
        </div>
        <div>
          <dt>{t('cases.outcome')}</dt>
          <dd>{found.hasOutcome ? t('cases.entered') : t('cases.missing')}</dd>
        </div>
      </dl>
      <Tasks tasks={found.tasks} />
      <ArchivedSeries caseId={found.id} />
      <Reviews reviews={found.reviews} />
    </div>
  )
}

function Tasks({ tasks }: { tasks: readonly Task[] }) {
  const { t, i18n } = useTranslation()
  const { project } = useSession()
  const mayLook = project.roles.some((role) => role === 'manager' || role === 'auditor')
  return (
    <section className="stack">
      <h2>{t('cases.tasks')}</h2>
      {tasks.length === 0 ? (
        <p className="muted">{t('cases.noTasks')}</p>
      ) : (
        <Table
          label={t('cases.tasks')}
          rows={tasks}
          keyOf={(task) => task.id}
          columns={[
            { key: 'kind', title: t('worklist.kind'), draw: (task) => t(`kinds.${task.kind}`) },
            {
              key: 'round',
              title: t('worklist.round'),
              isNumber: true,
              draw: (task) => task.round,
            },
            {
              key: 'status',
              title: t('worklist.status'),
              draw: (task) => (
                <Badge tone={task.status === 'done' ? 'ok' : 'active'}>
                  {t(`taskStatus.${task.status}`)}
                </Badge>
              ),
            },
            {
              key: 'person',
              title: t('cases.person'),
              draw: (task) => task.assignment?.person.displayName ?? '',
            },
            {
              key: 'changed',
              title: t('cases.changed'),
              draw: (task) => new Date(task.updatedAt).toLocaleString(i18n.language),
            },
            {
              key: 'look',
              title: '',
              draw: (task) =>
                mayLook ? <Link to={`/tasks/${task.id}`}>{t('worklist.open')}</Link> : null,
            },
          ]}
        />
      )}
    </section>
  )
}

function Reviews({ reviews }: { reviews: readonly Review[] }) {
  const { t, i18n } = useTranslation()
  return (
    <section className="stack">
      <h2>{t('cases.reviews')}</h2>
      {reviews.length === 0 ? (
        <p className="muted">{t('cases.noReviews')}</p>
      ) : (
        <Table
          label={t('cases.reviews')}
          rows={reviews}
          keyOf={(review) => review.id}
          columns={[
            {
              key: 'when',
              title: t('upload.when'),
              draw: (review) => new Date(review.createdAt).toLocaleString(i18n.language),
            },
            {
              key: 'kind',
              title: t('worklist.kind'),
              draw: (review) => t(`kinds.${review.kind}`),
            },
            {
              key: 'round',
              title: t('worklist.round'),
              isNumber: true,
              draw: (review) => review.round,
            },
            {
              key: 'verdict',
              title: t('cases.verdict'),
              draw: (review) => (
                <Badge tone={review.verdict === 'accept' ? 'ok' : 'warn'}>
                  {t(`reading.${review.verdict}`)}
                </Badge>
              ),
            },
            {
              key: 'comment',
              title: t('cases.comment'),
              draw: (review) => (
                <>
                  {review.reason === null ? null : (
                    <strong>{t(`reasons.${review.reason}`)} </strong>
                  )}
                  {review.comment}
                  {review.pins.length === 0 ? null : (
                    <span className="muted small">
                      {' '}
                      {t('cases.pins', { count: review.pins.length })}
                    </span>
                  )}
                </>
              ),
            },
            {
              key: 'person',
              title: t('cases.person'),
              draw: (review) => review.reviewer.displayName,
            },
          ]}
        />
      )}
    </section>
  )
}
