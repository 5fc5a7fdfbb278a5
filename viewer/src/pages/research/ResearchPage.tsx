/** From accepted cases to a data set: filter, freeze, build, download. */
import {
  type Cohort,
  type CohortFilter,
  type Release,
  STAGE_GROUPS,
  VITAL_STATUSES,
} from '@pandok/contract'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { saveBlob } from '../../data/save-blob.ts'
import { useSession } from '../../session/context.ts'
import {
  Badge,
  Button,
  Checks,
  ConfirmDialog,
  EmptyState,
  Field,
  LoadingState,
  ProgressBar,
  showToast,
  Table,
} from '../../ui/index.ts'

export function ResearchPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const isResearcher = project.roles.includes('researcher')
  const cohorts = useQuery({
    queryKey: ['cohorts', params.projectKey],
    queryFn: () => session.client.listCohorts({ params }),
  })
  const releases = useQuery({
    queryKey: ['releases', params.projectKey],
    queryFn: () => session.client.listReleases({ params }),
    refetchInterval: (query) =>
      query.state.data?.items.some((each) => isInMotion(each)) === true ? 500 : 10_000,
  })
  if (cohorts.isPending || releases.isPending) return <LoadingState label={t('loading')} />
  if (cohorts.isError) {
    return <QueryError error={cohorts.error} retry={() => void cohorts.refetch()} />
  }
  if (releases.isError) {
    return <QueryError error={releases.error} retry={() => void releases.refetch()} />
  }
  return (
    <div className="page">
      <header>
        <h1>{t('research.title')}</h1>
      </header>
      {isResearcher ? <NewCohort onMade={() => void cohorts.refetch()} /> : null}
      <Cohorts
        items={cohorts.data.items}
        isResearcher={isResearcher}
        onChanged={() => {
          void cohorts.refetch()
          void releases.refetch()
        }}
      />
      <Releases items={releases.data.items} isResearcher={isResearcher} />
    </div>
  )
}

const isInMotion = (release: Release) =>
  release.status === 'queued' || release.status === 'building'

function NewCohort({ onMade }: { onMade: () => void }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const [filter, setFilter] = useState<CohortFilter>({ stageGroups: [], vitalStatuses: [] })
  const [name, setName] = useState('')
  const preview = useQuery({
    queryKey: ['cohort-preview', params.projectKey, filter],
    queryFn: () => session.client.previewCohort({ params, body: { filter } }),
    placeholderData: (previous) => previous,
  })
  const create = useMutation({
    mutationFn: () => session.client.createCohort({ params, body: { name, filter } }),
    onSuccess: () => {
      setName('')
      onMade()
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <form
      className="panel"
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate()
      }}
    >
      <h2>{t('research.filter')}</h2>
      <Checks
        label={t('research.stages')}
        options={STAGE_GROUPS}
        labelOf={(group) => group}
        value={filter.stageGroups}
        onChange={(stageGroups) => {
          setFilter({ ...filter, stageGroups })
        }}
      />
      <Checks
        label={t('research.vital')}
        options={VITAL_STATUSES}
        labelOf={(status) => t(`outcome.options.${status}`)}
        value={filter.vitalStatuses}
        onChange={(vitalStatuses) => {
          setFilter({ ...filter, vitalStatuses })
        }}
      />
      <p role="status">
        <strong>{t('research.found', { count: preview.data?.members.length ?? 0 })}</strong>{' '}
        <span className="muted">
          {(preview.data?.members ?? [])
            .slice(0, 12)
            .map((member) => member.pseudonym)
            .join(', ')}
        </span>
      </p>
      <div className="row end">
        <Field label={t('research.name')}>
          {(control) => (
            <input
              {...control}
              value={name}
              maxLength={120}
              required
              onChange={(event) => {
                setName(event.target.value)
              }}
            />
          )}
        </Field>
        <Button type="submit" look="primary" disabled={create.isPending || name.trim() === ''}>
          {t('research.create')}
        </Button>
      </div>
    </form>
  )
}

interface CohortsProps {
  readonly items: readonly Cohort[]
  readonly isResearcher: boolean
  readonly onChanged: () => void
}

function Cohorts({ items, isResearcher, onChanged }: CohortsProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const [asked, setAsked] = useState<Cohort>()
  const act = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSuccess: onChanged,
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
    onSettled: () => {
      setAsked(undefined)
    },
  })
  return (
    <section className="stack">
      <h2>{t('research.cohorts')}</h2>
      {items.length === 0 ? (
        <EmptyState title={t('research.noCohorts')} />
      ) : (
        <Table
          label={t('research.cohorts')}
          rows={items}
          keyOf={(cohort) => cohort.id}
          columns={[
            { key: 'name', title: t('research.name'), draw: (cohort) => cohort.name },
            {
              key: 'members',
              title: t('research.members'),
              isNumber: true,
              draw: (cohort) => cohort.members.length,
            },
            {
              key: 'state',
              title: t('research.state'),
              draw: (cohort) => (
                <Badge tone={cohort.frozenAt === null ? 'neutral' : 'ok'}>
                  {t(cohort.frozenAt === null ? 'research.open' : 'research.frozen')}
                </Badge>
              ),
            },
            {
              key: 'act',
              title: '',
              draw: (cohort) => {
                if (!isResearcher) return null
                if (cohort.frozenAt === null) {
                  return (
                    <Button size="small" onClick={() => setAsked(cohort)}>
                      {t('research.freeze')}
                    </Button>
                  )
                }
                return (
                  <Button
                    size="small"
                    look="primary"
                    disabled={act.isPending}
                    onClick={() => {
                      act.mutate(() =>
                        session.client.createRelease({ params: { cohortId: cohort.id }, body: {} }),
                      )
                    }}
                  >
                    {t('research.build')}
                  </Button>
                )
              },
            },
          ]}
        />
      )}
      {asked === undefined ? null : (
        <ConfirmDialog
          title={t('research.freeze')}
          confirmLabel={t('research.freeze')}
          cancelLabel={t('cancel')}
          isBusy={act.isPending}
          onConfirm={() => {
            act.mutate(() =>
              session.client.freezeCohort({ params: { cohortId: asked.id }, body: {} }),
            )
          }}
          onClose={() => {
            setAsked(undefined)
          }}
        >
          <p>{t('research.freezeAsk')}</p>
        </ConfirmDialog>
      )}
    </section>
  )
}

function Releases({ items, isResearcher }: { items: readonly Release[]; isResearcher: boolean }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const download = useMutation({
    mutationFn: async (release: Release) => {
      const blob = await session.client.downloadRelease({ params: { releaseId: release.id } })
      saveBlob(blob, `pandok-${project.projectKey}-r${release.number}.zip`)
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <section className="stack">
      <h2>{t('research.releases')}</h2>
      {items.filter(isInMotion).map((release) => (
        <ProgressBar
          key={release.id}
          label={t('research.building', { number: release.number })}
          done={release.progress.done}
          total={release.progress.total}
        />
      ))}
      {items.length === 0 ? (
        <EmptyState title={t('research.noReleases')} />
      ) : (
        <>
          <p className="muted small">{t('research.verify')}</p>
          <Table
            label={t('research.releases')}
            rows={items}
            keyOf={(release) => release.id}
            columns={[
              { key: 'number', title: t('research.number'), draw: (release) => release.number },
              { key: 'cohort', title: t('research.name'), draw: (release) => release.cohortName },
              {
                key: 'state',
                title: t('research.state'),
                draw: (release) => (
                  <Badge
                    tone={
                      release.status === 'ready'
                        ? 'ok'
                        : release.status === 'failed'
                          ? 'bad'
                          : 'active'
                    }
                  >
                    {t(`research.status.${release.status}`)}
                  </Badge>
                ),
              },
              {
                key: 'size',
                title: t('research.size'),
                isNumber: true,
                draw: (release) =>
                  release.bytes === null ? '' : `${(release.bytes / 1_000_000).toFixed(1)} MB`,
              },
              {
                key: 'sha256',
                title: 'SHA-256',
                draw: (release) => <code>{(release.sha256 ?? '').slice(0, 16)}</code>,
              },
              {
                key: 'download',
                title: '',
                draw: (release) =>
                  isResearcher && release.status === 'ready' ? (
                    <Button
                      size="small"
                      disabled={download.isPending}
                      onClick={() => {
                        download.mutate(release)
                      }}
                    >
                      {t('research.download')}
                    </Button>
                  ) : (
                    <code>{release.failureCode ?? ''}</code>
                  ),
              },
            ]}
          />
        </>
      )}
    </section>
  )
}
