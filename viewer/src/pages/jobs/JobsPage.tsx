/**
 * The background work: what runs and how far it is, what waits, what failed and why. A failed job is
 * started again or given up here. Keys: arrows from job to job, Enter opens one, r starts it again,
 * Delete ends it.
 */
import type { Job } from '@pandok/contract'
import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { useKey } from '../../data/use-key.ts'
import { useSession } from '../../session/context.ts'
import { Button, EmptyState, LoadingState, showToast } from '../../ui/index.ts'
import { EndJob } from './EndJob.tsx'
import { JobItem } from './JobItem.tsx'
import { FILTERS, type Filter, refreshMs } from './jobs.model.ts'
import './jobs.css'

const PAGE_SIZE = 50
const TITLES = '[data-job-title]'

export function JobsPage() {
  const { t, i18n } = useTranslation()
  const { session, project, me } = useSession()
  const { client } = session
  const params = { projectKey: project.projectKey }
  const [search, setSearch] = useSearchParams()
  const filter = FILTERS.find((each) => each === search.get('state')) ?? 'all'
  const [isOfAll, setIsOfAll] = useState(false)
  const [opened, setOpened] = useState<string>()
  const [asked, setAsked] = useState<Job>()
  const list = useRef<HTMLUListElement>(null)
  const key = ['jobs', isOfAll ? null : params.projectKey, filter]
  const jobs = useInfiniteQuery({
    queryKey: key,
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => {
      const query = {
        limit: PAGE_SIZE,
        ...(pageParam === undefined ? {} : { before: pageParam }),
        ...(filter === 'all' ? {} : { state: filter }),
      }
      return isOfAll
        ? client.listInstallationJobs({ params: {}, query })
        : client.listJobs({ params, query })
    },
    getNextPageParam: (page) => page.nextBefore ?? undefined,
    // A hidden window asks nothing.
    refetchInterval: ({ state }) => refreshMs(state.data?.pages[0]?.counts),
  })
  const queries = useQueryClient()
  const retry = useMutation({
    mutationFn: ({ id, projectKey }: Job) =>
      projectKey === null
        ? client.retryInstallationJob({ params: { jobId: id }, body: {} })
        : client.retryJob({ params: { jobId: id }, body: {} }),
    onSuccess: () => showToast(t('jobs.retried')),
    onError: (error) => showToast(failureOf(error), 'bad'),
    onSettled: () => queries.invalidateQueries({ queryKey: ['jobs'] }),
  })
  // What moves between two pages while they are read would stand in both.
  const items = [
    ...new Map(
      (jobs.data?.pages ?? []).flatMap((page) => page.items).map((job) => [job.id, job]),
    ).values(),
  ]
  const counts = jobs.data?.pages[0]?.counts
  const mayAct =
    me.isAdmin || project.roles.some((role) => role === 'data-manager' || role === 'manager')
  const startAgain = (job: Job) => {
    if (mayAct && job.canRetry && !retry.isPending) retry.mutate(job)
  }

  const titles = () => [...(list.current?.querySelectorAll<HTMLElement>(TITLES) ?? [])]
  const move = (by: 1 | -1) => {
    const all = titles()
    const at = all.findIndex((title) => title === focusedTitle())
    all[at === -1 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))]?.focus()
  }
  const focusedTitle = () =>
    document.activeElement?.closest('[data-job]')?.querySelector<HTMLElement>(TITLES)
  const focusedJob = () => {
    const id = document.activeElement?.closest<HTMLElement>('[data-job]')?.dataset['job']
    return items.find((job) => job.id === id)
  }
  useKey('ArrowDown', () => move(1))
  useKey('ArrowUp', () => move(-1))
  useKey('r', () => {
    const job = focusedJob()
    if (job !== undefined) startAgain(job)
  })
  useKey('Delete', () => {
    const job = focusedJob()
    if (mayAct && job?.canCancel === true) setAsked(job)
  })

  if (jobs.isPending) return <LoadingState label={t('loading')} />
  if (counts === undefined) {
    return <QueryError error={jobs.error} retry={() => void jobs.refetch()} />
  }
  return (
    <div className="page">
      <header>
        <h1>{t('jobs.title')}</h1>
        {me.isAdmin ? (
          <label className="check">
            <input
              type="checkbox"
              checked={isOfAll}
              onChange={(event) => setIsOfAll(event.target.checked)}
            />
            {t('jobs.ofAll')}
          </label>
        ) : null}
      </header>
      {jobs.isError ? (
        <p className="notice warn" role="status">
          {t('jobs.stale', {
            time: new Date(jobs.dataUpdatedAt).toLocaleTimeString(i18n.language),
          })}
        </p>
      ) : null}
      <fieldset className="fieldset row" aria-label={t('jobs.filter')}>
        {FILTERS.map((each) => (
          <FilterButton
            key={each}
            filter={each}
            count={each === 'all' ? undefined : counts[each]}
            isChosen={each === filter}
            onChoose={() => setSearch(each === 'all' ? {} : { state: each }, { replace: true })}
          />
        ))}
      </fieldset>
      {items.length === 0 ? (
        <EmptyState title={t(`jobs.none.${filter}`)} />
      ) : (
        <ul
          className="jobs"
          aria-label={t('jobs.title')}
          aria-busy={jobs.isPlaceholderData}
          ref={list}
        >
          {items.map((job) => (
            <JobItem
              key={job.id}
              job={job}
              showsProject={isOfAll}
              mayAct={mayAct}
              isOpen={opened === job.id}
              isBusy={retry.isPending && retry.variables.id === job.id}
              onToggle={() => setOpened(opened === job.id ? undefined : job.id)}
              onRetry={() => startAgain(job)}
              onEnd={() => setAsked(job)}
            />
          ))}
        </ul>
      )}
      {jobs.hasNextPage ? (
        <Button disabled={jobs.isFetchingNextPage} onClick={() => void jobs.fetchNextPage()}>
          {t('audit.more')}
        </Button>
      ) : null}
      {asked === undefined ? null : <EndJob job={asked} onClose={() => setAsked(undefined)} />}
    </div>
  )
}

function FilterButton(props: {
  readonly filter: Filter
  readonly count: number | undefined
  readonly isChosen: boolean
  readonly onChoose: () => void
}) {
  const { filter, count, isChosen, onChoose } = props
  const { t, i18n } = useTranslation()
  return (
    <Button size="small" aria-pressed={isChosen} onClick={onChoose}>
      {t(`jobs.filters.${filter}`)}
      {count === undefined ? null : (
        <span className={filter === 'failed' && count > 0 ? 'count bad' : 'count'}>
          {new Intl.NumberFormat(i18n.language).format(count)}
        </span>
      )}
    </Button>
  )
}
