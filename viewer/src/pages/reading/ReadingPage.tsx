/** One case on three planes: a labeler paints and submits, a reviewer looks and decides. */
import type { SeriesGeometry } from '@pandok/contract'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { type Planes, type TaskDetail, useReading } from '../../bridge/use-reading.ts'
import { ArchivedSeries } from '../../data/ArchivedSeries.tsx'
import { QueryError } from '../../data/QueryError.tsx'
import { PLANES, type Plane } from '../../imaging/index.ts'
import { useSession } from '../../session/context.ts'
import { classes, EmptyState, ErrorState, LoadingState, ProgressBar } from '../../ui/index.ts'
import { ReadingPanel } from './ReadingPanel.tsx'
import './reading.css'

export function ReadingPage() {
  const { t } = useTranslation()
  const { session } = useSession()
  const params = { taskId: useParams()['taskId'] ?? '' }
  const task = useQuery({
    queryKey: ['task', params.taskId],
    queryFn: () => session.client.getTask({ params }),
    // What is being read must not change under the reader's hands.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  if (task.isPending) return <LoadingState label={t('loading')} />
  if (task.isError) return <QueryError error={task.error} retry={() => void task.refetch()} />
  const geometry = task.data.series.find((series) => series.isVolume)
  if (geometry === undefined) {
    return (
      <div className="page">
        <EmptyState title={t('reading.noVolume')} isSmall />
        <ArchivedSeries caseId={task.data.caseId} />
      </div>
    )
  }
  return <Reader key={task.data.id} task={task.data} geometry={geometry} />
}

function Reader({ task, geometry }: { task: TaskDetail; geometry: SeriesGeometry }) {
  const { t } = useTranslation()
  const { session } = useSession()
  const [planes, setPlanes] = useState<Planes>()
  const [maximised, setMaximised] = useState<Plane>()
  const reading = useReading(session, task, geometry, planes)
  const { progress, slice, window: shown, isShown, failureCode } = reading.state
  const isLoading = progress !== undefined && progress.loaded < progress.total
  const maximise = (plane: Plane) => {
    setMaximised((old) => (old === plane ? undefined : plane))
  }
  return (
    <div className="reading">
      <div
        className={classes('planes', maximised !== undefined && 'one', !isShown && 'waiting')}
        ref={(element) => {
          if (element === null || planes !== undefined) return
          const [axial, coronal, sagittal] = element.querySelectorAll<HTMLDivElement>('.image')
          if (axial && coronal && sagittal) setPlanes({ axial, coronal, sagittal })
        }}
      >
        {PLANES.map((plane) => (
          <div key={plane} className={classes('plane', plane, maximised === plane && 'maximised')}>
            <div className="image" data-testid={plane} />
            <button
              type="button"
              className="name"
              aria-pressed={maximised === plane}
              title={t('reading.maximise')}
              onClick={() => {
                maximise(plane)
              }}
            >
              {t(`reading.${plane}`)}
            </button>
            {plane === 'axial' ? (
              <div className="facts-over num">
                {slice === undefined ? null : (
                  <span>{t('reading.slice', { index: slice.index + 1, count: slice.count })}</span>
                )}
                {shown === undefined ? null : <span>{t('reading.window', shown)}</span>}
              </div>
            ) : null}
          </div>
        ))}
      </div>
      <aside className="side">
        {failureCode === undefined ? null : (
          <ErrorState title={t('failed')} message="" code={failureCode} />
        )}
        {isLoading || (reading.engine === undefined && failureCode === undefined) ? (
          <ProgressBar
            label={t('reading.loading')}
            done={progress?.loaded}
            total={progress?.total}
          />
        ) : null}
        {reading.engine === undefined ? null : (
          <ReadingPanel
            task={task}
            geometry={geometry}
            reading={reading}
            engine={reading.engine}
            maximise={maximise}
          />
        )}
      </aside>
    </div>
  )
}
