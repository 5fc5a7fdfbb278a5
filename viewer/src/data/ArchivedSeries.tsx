/** The archived series of a case or of an upload, with what is odd about them. */
import type { ArchivedSeries as Series } from '@pandok/contract'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useSession } from '../session/context.ts'
import { EmptyState, LoadingState, Table } from '../ui/index.ts'
import { QueryError } from './QueryError.tsx'
import { SeriesFindings } from './SeriesFindings.tsx'

export function ArchivedSeries(of: { readonly caseId: string } | { readonly uploadId: string }) {
  const { t } = useTranslation()
  const { session } = useSession()
  const { client } = session
  const found = useQuery({
    queryKey: ['archived-series', of],
    queryFn: () =>
      'caseId' in of
        ? client.listCaseSeries({ params: { caseId: of.caseId } })
        : client.listUploadArchivedSeries({ params: { uploadId: of.uploadId } }),
  })
  return (
    <section className="stack">
      <h2>{t('findings.series')}</h2>
      {found.isPending ? <LoadingState label={t('loading')} /> : null}
      {found.isError ? <QueryError error={found.error} retry={() => void found.refetch()} /> : null}
      {found.isSuccess ? <Rows items={found.data.items} /> : null}
    </section>
  )
}

function Rows({ items }: { items: readonly Series[] }) {
  const { t } = useTranslation()
  if (items.length === 0) return <EmptyState title={t('findings.noSeries')} isSmall />
  return (
    <Table
      label={t('findings.series')}
      rows={items}
      keyOf={(series) => series.seriesInstanceUid}
      columns={[
        {
          key: 'series',
          title: t('findings.name'),
          draw: (series) => `${series.modality} ${series.seriesDescription ?? ''}`,
        },
        {
          key: 'instances',
          title: t('findings.files'),
          isNumber: true,
          draw: (series) => series.instances,
        },
        {
          key: 'slices',
          title: t('findings.slices'),
          isNumber: true,
          draw: (series) => (series.slices === 0 ? '' : series.slices),
        },
        {
          key: 'spacing',
          title: t('findings.spacing'),
          isNumber: true,
          draw: (series) =>
            series.sliceSpacingMm === null ? '' : `${series.sliceSpacingMm.toFixed(2)} mm`,
        },
        {
          key: 'findings',
          title: t('findings.title'),
          draw: (series) => <SeriesFindings findings={series.findings} />,
        },
      ]}
    />
  )
}
