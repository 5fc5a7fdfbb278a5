/** What became of each attempt of a job, and where. */
import type { Job } from '@pandok/contract'
import { useTranslation } from 'react-i18next'
import { reasonWords } from '../../data/job-reasons.ts'
import { Table } from '../../ui/index.ts'
import { attemptsOf, type ShownAttempt } from './jobs.model.ts'
import { useLasting } from './use-lasting.ts'

export function Attempts({ job }: { job: Job }) {
  const { t, i18n } = useTranslation()
  const lasting = useLasting()
  const attempts = attemptsOf(job)
  const at = (time: string) => new Date(time).toLocaleString(i18n.language)
  return (
    <div className="stack">
      {attempts.length === 0 ? (
        <p className="muted small">{t('jobs.notBegun')}</p>
      ) : (
        <Table
          label={t('jobs.attempts')}
          rows={attempts}
          keyOf={({ number }) => String(number)}
          columns={[
            {
              key: 'number',
              title: t('jobs.attempt'),
              isNumber: true,
              draw: ({ number }) => number,
            },
            {
              key: 'began',
              title: t('jobs.began'),
              draw: ({ startedAt }) => <span className="nowrap">{at(startedAt)}</span>,
            },
            {
              key: 'lasted',
              title: t('jobs.lasted'),
              draw: ({ startedAt, endedAt }) =>
                endedAt === undefined ? '' : lasting(Date.parse(endedAt) - Date.parse(startedAt)),
            },
            {
              key: 'end',
              title: t('jobs.outcome'),
              draw: (attempt) => <Outcome attempt={attempt} job={job} />,
            },
            {
              key: 'where',
              title: t('jobs.where'),
              draw: ({ worker }) =>
                worker === undefined ? null : (
                  <code className="small">
                    {worker.host} {worker.pid}
                  </code>
                ),
            },
          ]}
        />
      )}
      <p className="muted small">
        {t('jobs.createdAt', { time: at(job.createdAt) })} · {t('jobs.number')}{' '}
        <code>{job.id}</code>
      </p>
    </div>
  )
}

function Outcome({ attempt, job }: { attempt: ShownAttempt; job: Job }) {
  const { t } = useTranslation()
  const { reason, endedAt } = attempt
  if (endedAt === undefined) return t('jobs.states.running')
  if (reason === undefined) return t(`jobs.states.${job.state}`)
  return (
    <>
      {t(`jobs.reasons.${reasonWords(reason)}`)} <code className="muted small">{reason}</code>
    </>
  )
}
