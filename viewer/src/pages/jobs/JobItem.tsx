/** One job in the list: what it is, how far, why it failed and what helps; opened, its attempts. */
import type { Job, JobState } from '@pandok/contract'
import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { helpFor, reasonWords } from '../../data/job-reasons.ts'
import { useSession } from '../../session/context.ts'
import { Badge, Button, type Tone } from '../../ui/index.ts'
import { Attempts } from './Attempts.tsx'
import { JobProgress } from './JobProgress.tsx'
import { agoOf } from './jobs.model.ts'
import { useJobName } from './use-job-name.ts'
import { useLasting } from './use-lasting.ts'

const TONES: Readonly<Record<JobState, Tone>> = {
  queued: 'neutral',
  running: 'active',
  done: 'ok',
  failed: 'bad',
  cancelled: 'neutral',
}

export interface JobItemProps {
  readonly job: Job
  readonly showsProject: boolean
  readonly mayAct: boolean
  readonly isOpen: boolean
  readonly isBusy: boolean
  readonly onToggle: () => void
  readonly onRetry: () => void
  readonly onEnd: () => void
}

export function JobItem(props: JobItemProps) {
  const { job, showsProject, mayAct, isOpen, isBusy, onToggle, onRetry, onEnd } = props
  const { t } = useTranslation()
  const id = useId()
  const nameOf = useJobName()
  return (
    <li data-job={job.id} className={isOpen ? 'open' : undefined}>
      <div className="state-of">
        <Badge tone={job.isCancelling ? 'warn' : TONES[job.state]}>
          {t(job.isCancelling ? 'jobs.cancelling' : `jobs.states.${job.state}`)}
        </Badge>
      </div>
      <div className="what">
        <div className="row head">
          <button
            type="button"
            className="title"
            data-job-title=""
            aria-expanded={isOpen}
            aria-controls={id}
            onClick={onToggle}
          >
            {nameOf(job.name)}
          </button>
          <Subject job={job} />
          {showsProject ? (
            <span className="muted small">{job.projectKey ?? t('jobs.installation')}</span>
          ) : null}
        </div>
        {job.state === 'running' && !job.isCancelling ? <JobProgress job={job} /> : null}
        <Why job={job} mayAct={mayAct} />
      </div>
      <When job={job} />
      <div className="row acts">
        {mayAct && job.canRetry ? (
          <Button size="small" disabled={isBusy} onClick={onRetry}>
            {t('jobs.retry')}
          </Button>
        ) : null}
        {mayAct && job.canCancel ? (
          <Button size="small" look="quiet" onClick={onEnd}>
            {t(job.state === 'failed' ? 'jobs.giveUp' : 'jobs.end')}
          </Button>
        ) : null}
      </div>
      <div id={id} className="more" hidden={!isOpen}>
        {isOpen ? <Attempts job={job} /> : null}
      </div>
    </li>
  )
}

function Subject({ job: { subject } }: { job: Job }) {
  const { t } = useTranslation()
  const { project } = useSession()
  if (subject === null || project.roles.length === 0) return null
  if (subject.kind === 'upload') {
    return (
      <Link className="small" to={`/uploads/${subject.id}`}>
        {t('jobs.upload')}
      </Link>
    )
  }
  if (subject.kind === 'release' && project.roles.some((role) => role !== 'data-manager')) {
    return (
      <Link className="small" to="/cohorts">
        {t('jobs.release')}
      </Link>
    )
  }
  return null
}

/** Of what failed: in words, with the code and what helps. Of what tries again: why it has to. */
function Why({ job, mayAct }: { job: Job; mayAct: boolean }) {
  const { t } = useTranslation()
  const { reason, state } = job
  if (reason === null || state === 'done' || state === 'cancelled') return null
  const words = t(`jobs.reasons.${reasonWords(reason)}`)
  if (state !== 'failed') {
    return (
      <p className="muted small">
        {t('jobs.tryAgain', { number: job.attempts + (state === 'queued' ? 1 : 0), reason: words })}
      </p>
    )
  }
  const help = helpFor(reason)
  return (
    <>
      <p className="why">
        {words} <code className="muted small">{reason}</code>
      </p>
      {help === undefined || !mayAct ? null : (
        <p className="small">
          {t(`jobs.help.${help}`)} {t(job.canRetry ? 'jobs.thenRetry' : 'jobs.thenAnew')}
        </p>
      )}
    </>
  )
}

/** Of what runs: since when; of what waits: how long; of what ended: when, and how long it took. */
function When({ job }: { job: Job }) {
  const { t, i18n } = useTranslation()
  const lasting = useLasting()
  const { createdAt, startedAt, finishedAt, state } = job
  const at = (state === 'running' ? startedAt : finishedAt) ?? createdAt
  const ago = agoOf(i18n.language, at, Date.now()) ?? new Date(at).toLocaleDateString(i18n.language)
  const ran = (until: number) =>
    startedAt === null ? undefined : lasting(until - Date.parse(startedAt))
  const took = finishedAt === null ? undefined : ran(Date.parse(finishedAt))
  return (
    <div className="when">
      {took === undefined ? null : <span className="muted">{t('jobs.took', { time: took })}</span>}
      <time dateTime={at} title={new Date(at).toLocaleString(i18n.language)}>
        {state === 'running' ? t('jobs.runsFor', { time: ran(Date.now()) }) : ago}
      </time>
    </div>
  )
}
