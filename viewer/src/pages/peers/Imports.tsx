/** What was pulled into the project, and how far the newest are. Patients are not named any more. */
import type { Job, Upload } from '@pandok/contract'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { reasonWords } from '../../data/job-reasons.ts'
import { QueryError } from '../../data/QueryError.tsx'
import { uploadTone } from '../../data/upload-tones.ts'
import { useSession } from '../../session/context.ts'
import { Badge, ProgressBar, Table } from '../../ui/index.ts'

const IMPORT = 'intake.import-study'
const MOVING = ['receiving', 'checking', 'archiving']
const SHOWN = 50

export function Imports() {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const imports = useQuery({
    queryKey: ['peer-imports', params.projectKey],
    queryFn: async () => {
      const [uploads, jobs] = await Promise.all([
        session.client.listUploads({ params }),
        session.client.listJobs({ params }),
      ])
      return uploads.items
        .filter(({ source }) => source === 'peer')
        .slice(0, SHOWN)
        .map((upload) => ({
          upload,
          job: jobs.items.find(({ name, subject }) => name === IMPORT && subject?.id === upload.id),
        }))
    },
    refetchInterval: ({ state }) =>
      state.data?.some(({ upload }) => MOVING.includes(upload.status)) === true ? 2_000 : 15_000,
  })
  if (imports.isPending) return null
  if (imports.isError) {
    return <QueryError error={imports.error} retry={() => void imports.refetch()} />
  }
  if (imports.data.length === 0) return null
  return (
    <section className="stack">
      <h2>{t('peers.imports')}</h2>
      <Table
        label={t('peers.imports')}
        rows={imports.data}
        keyOf={({ upload }) => upload.id}
        columns={[
          {
            key: 'when',
            title: t('upload.when'),
            draw: ({ upload }) => (
              <Link className="nowrap" to={`/uploads/${upload.id}`}>
                {new Date(upload.createdAt).toLocaleString(i18n.language)}
              </Link>
            ),
          },
          { key: 'server', title: t('peers.server'), draw: ({ upload }) => upload.sender },
          {
            key: 'state',
            title: t('upload.state'),
            draw: ({ upload, job }) => <State upload={upload} job={job} />,
          },
          {
            key: 'files',
            title: t('upload.files'),
            isNumber: true,
            draw: ({ upload }) => upload.files.received,
          },
        ]}
      />
    </section>
  )
}

function State({ upload, job }: { upload: Upload; job: Job | undefined }) {
  const { t, i18n } = useTranslation()
  const number = new Intl.NumberFormat(i18n.language)
  if (upload.status === 'receiving') {
    const { files, of } = job?.progress ?? {}
    const isKnown = files !== undefined && of !== undefined
    return (
      <ProgressBar
        label={t('peers.pulling')}
        done={files}
        total={of}
        text={
          isKnown
            ? t('jobs.files', { done: number.format(files), of: number.format(of) })
            : undefined
        }
      />
    )
  }
  return (
    <>
      <Badge tone={uploadTone(upload.status)}>{t(`uploadStatus.${upload.status}`)}</Badge>{' '}
      {upload.status !== 'failed' || job === undefined || job.reason === null ? null : (
        <Link className="small" to="/jobs?state=failed">
          {t(`jobs.reasons.${reasonWords(job.reason)}`)}
        </Link>
      )}
    </>
  )
}
