/** Asks before a job is ended, or a failed one given up: what is lost by that. */
import type { Job } from '@pandok/contract'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { ConfirmDialog } from '../../ui/index.ts'
import { endingOf } from './jobs.model.ts'
import { useJobName } from './use-job-name.ts'

export function EndJob({ job, onClose }: { job: Job; onClose: () => void }) {
  const { t } = useTranslation()
  const { client } = useSession().session
  const queries = useQueryClient()
  const isGivenUp = job.state === 'failed'
  const end = useMutation({
    mutationFn: () =>
      job.projectKey === null
        ? client.cancelInstallationJob({ params: { jobId: job.id }, body: {} })
        : client.cancelJob({ params: { jobId: job.id }, body: {} }),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ['jobs'] }),
  })
  const nameOf = useJobName()
  const name = nameOf(job.name)
  return (
    <ConfirmDialog
      title={t(isGivenUp ? 'jobs.giveUpOf' : 'jobs.endOf', { name })}
      confirmLabel={t(isGivenUp ? 'jobs.giveUp' : 'jobs.end')}
      cancelLabel={t('jobs.leave')}
      isDanger
      isBusy={end.isPending}
      onConfirm={() => end.mutate()}
      onClose={onClose}
    >
      <p>{t(`jobs.endings.${endingOf(job.name)}`)}</p>
      {end.isError ? <QueryError error={end.error} retry={() => end.mutate()} /> : null}
    </ConfirmDialog>
  )
}
