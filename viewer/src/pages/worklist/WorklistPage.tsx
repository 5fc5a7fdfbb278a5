/** Where readers begin: take the next case, or go on with an open one. Key n takes the next. */
import { TASK_KINDS, type Task, type TaskKind } from '@pandok/contract'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { useKey } from '../../data/use-key.ts'
import { useSession } from '../../session/context.ts'
import { Badge, Button, EmptyState, LoadingState, showToast, Table } from '../../ui/index.ts'

const ROLE_OF_KIND = {
  annotate: 'labeler',
  'review-1': 'reviewer',
  'review-2': 'second-reviewer',
} as const

export function WorklistPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { session, project, me } = useSession()
  const params = { projectKey: project.projectKey }
  const tasks = useQuery({
    queryKey: ['tasks', params.projectKey],
    queryFn: () => session.client.listMyTasks({ params }),
    refetchInterval: 10_000,
  })
  const take = useMutation({
    mutationFn: (kind: TaskKind) => session.client.takeNextTask({ params, body: { kind } }),
    onSuccess: async ({ task }) => {
      if (task === null) {
        showToast(t('worklist.nothing'))
        await tasks.refetch()
      } else {
        await navigate(`/tasks/${task.id}`)
      }
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  const kinds = TASK_KINDS.filter((kind) => project.roles.includes(ROLE_OF_KIND[kind]))
  const [first] = kinds
  useKey('n', () => {
    if (first !== undefined && !take.isPending) take.mutate(first)
  })
  if (tasks.isPending) return <LoadingState label={t('loading')} />
  if (tasks.isError) return <QueryError error={tasks.error} retry={() => void tasks.refetch()} />
  const { items, waiting } = tasks.data
  const statusOf = (task: Task) =>
    task.kind === 'annotate' && task.round > 1 && task.status !== 'done' ? 'returned' : task.status
  return (
    <div className="page">
      <header>
        <h1>{t('worklist.title')}</h1>
      </header>
      <div className="columns">
        {kinds.map((kind) => (
          <section key={kind} className="panel">
            <h2>{t(`kinds.${kind}`)}</h2>
            <p className="muted">{t('worklist.waiting', { count: waiting[kind] })}</p>
            <Button
              look="primary"
              size="big"
              disabled={take.isPending}
              {...(kind === first ? { shortcut: 'n' } : {})}
              onClick={() => {
                take.mutate(kind)
              }}
            >
              {t(`worklist.next.${kind}`)}
            </Button>
          </section>
        ))}
      </div>
      <section className="stack">
        <h2>{t('worklist.mine')}</h2>
        {items.length === 0 ? (
          <EmptyState title={t('worklist.none')} />
        ) : (
          <Table
            label={t('worklist.mine')}
            rows={items}
            keyOf={(task) => task.id}
            columns={[
              { key: 'case', title: t('worklist.case'), draw: (task) => task.pseudonym },
              { key: 'kind', title: t('worklist.kind'), draw: (task) => t(`kinds.${task.kind}`) },
              {
                key: 'status',
                title: t('worklist.status'),
                draw: (task) => (
                  <Badge tone={statusOf(task) === 'returned' ? 'warn' : 'active'}>
                    {t(`taskStatus.${statusOf(task)}`)}
                  </Badge>
                ),
              },
              {
                key: 'round',
                title: t('worklist.round'),
                isNumber: true,
                draw: (task) => task.round,
              },
              {
                key: 'open',
                title: '',
                draw: (task) =>
                  task.assignment?.person.id === me.id ? (
                    <Link to={`/tasks/${task.id}`}>{t('worklist.open')}</Link>
                  ) : null,
              },
            ]}
          />
        )}
      </section>
    </div>
  )
}
