/** The dates as they were typed beside the dates as everybody else sees them. */
import type { Outcome } from '@pandok/contract'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { LoadingState, Table } from '../../ui/index.ts'
import { FIELDS } from './outcome.model.ts'

const DATES = FIELDS.flatMap(([field, kind]) => (kind.kind === 'date' ? [field] : []))

export function StoredDates({ entry }: { entry: Outcome }) {
  const { t } = useTranslation()
  const { session } = useSession()
  const params = { caseId: entry.caseId }
  const stored = useQuery({
    queryKey: ['outcome-stored', entry.caseId, entry.revision],
    queryFn: () => session.client.getOutcome({ params }),
  })
  if (stored.isPending) return <LoadingState label={t('loading')} />
  if (stored.isError) return <QueryError error={stored.error} retry={() => void stored.refetch()} />
  return (
    <section className="stack">
      <h2>{t('outcome.stored')}</h2>
      <p className="muted small">{t('outcome.storedNote')}</p>
      <Table
        label={t('outcome.stored')}
        rows={DATES.filter((field) => (entry.values?.[field] ?? null) !== null)}
        keyOf={(field) => field}
        columns={[
          { key: 'date', title: t('outcome.date'), draw: (field) => t(`outcome.fields.${field}`) },
          { key: 'typed', title: t('outcome.typed'), draw: (field) => entry.values?.[field] },
          {
            key: 'shifted',
            title: t('outcome.shifted'),
            draw: (field) => stored.data.values?.[field],
          },
        ]}
      />
    </section>
  )
}
