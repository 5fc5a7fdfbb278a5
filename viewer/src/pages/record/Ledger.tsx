/** The entries of the ledger, newest first. */
import { LEDGER_KINDS, type LedgerEntry } from '@pandok/contract'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Button, EmptyState, LoadingState, Table } from '../../ui/index.ts'
import { inWords } from './ledger-words.ts'

type Kind = (typeof LEDGER_KINDS)[number]

export function Ledger() {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const [kind, setKind] = useState<Kind>()
  const ledger = useInfiniteQuery({
    queryKey: ['ledger', params.projectKey, kind],
    placeholderData: keepPreviousData,
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam }) =>
      session.client.listLedger({
        params,
        query: {
          ...(pageParam === undefined ? {} : { before: pageParam }),
          ...(kind === undefined ? {} : { kind }),
        },
      }),
    getNextPageParam: (page) => page.nextBefore ?? undefined,
  })
  const rows = ledger.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section className="stack">
      <div className="row spread">
        <h2>{t('record.ledger')}</h2>
        <select
          className="input kind"
          aria-label={t('record.kind')}
          value={kind ?? ''}
          onChange={(event) => setKind(LEDGER_KINDS.find((each) => each === event.target.value))}
        >
          <option value="">{t('record.allKinds')}</option>
          {LEDGER_KINDS.map((each) => (
            <option key={each} value={each}>
              {t(`record.kinds.${each}`)}
            </option>
          ))}
        </select>
      </div>
      {ledger.isPending ? (
        <LoadingState label={t('loading')} />
      ) : ledger.isError ? (
        <QueryError error={ledger.error} retry={() => void ledger.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState title={t('record.noEntries')} isSmall />
      ) : (
        <Table
          label={t('record.ledger')}
          rows={rows}
          keyOf={(row) => String(row.sequence)}
          columns={[
            { key: 'sequence', title: t('record.number'), draw: (row) => row.sequence },
            {
              key: 'when',
              title: t('audit.when'),
              draw: (row) => (
                <time className="nowrap" dateTime={row.at}>
                  {new Date(row.at).toLocaleString(i18n.language)}
                </time>
              ),
            },
            { key: 'kind', title: t('audit.what'), draw: (row) => t(`record.kinds.${row.kind}`) },
            {
              key: 'by',
              title: t('audit.who'),
              draw: (row) => row.by?.displayName ?? t('audit.machine'),
            },
            { key: 'facts', title: t('audit.details'), draw: (row) => <Facts entry={row} /> },
            {
              key: 'digest',
              title: t('record.digest'),
              draw: (row) => <code className="small">{row.digest.slice(0, 12)}</code>,
            },
          ]}
        />
      )}
      {ledger.hasNextPage ? (
        <Button onClick={() => void ledger.fetchNextPage()}>{t('audit.more')}</Button>
      ) : null}
    </section>
  )
}

function Facts({ entry }: { entry: LedgerEntry }) {
  const { t, i18n } = useTranslation()
  const { recipient, place, profile, purpose, legalBasis, period, counts } = entry
  const { project } = useSession()
  const said = (text: string) => inWords(t, text, project.projectKey)
  /** Uploads are the project's own: that needs no line. */
  const isHere = place === null && recipient === `project ${project.projectKey}`
  const number = new Intl.NumberFormat(i18n.language)
  /** Refusals stand beside the other counts by their codes, which a newer sender may add to. */
  const named = (name: string) => {
    if (i18n.exists(`record.counts.${name}`))
      return t(`record.counts.${name}` as 'record.counts.inputs')
    if (i18n.exists(`leftOut.${name}`)) return t(`leftOut.${name}` as 'leftOut.DUPLICATE')
    return name
  }
  return (
    <div className="stack small entry">
      {recipient === null || isHere ? null : (
        <span>
          {said(recipient)}
          {place === null ? '' : ` · ${said(place)}`}
        </span>
      )}
      {profile === null ? null : <span>{profile.label}</span>}
      {purpose === null && period === null ? null : (
        <span className="muted">
          {[
            purpose === null ? undefined : t(`settings.purposes.${purpose}`),
            legalBasis === null ? undefined : said(legalBasis),
            period === null ? undefined : `${period.from} – ${period.until}`,
          ]
            .filter((each) => each !== undefined)
            .join(' · ')}
        </span>
      )}
      {Object.keys(counts).length === 0 ? null : (
        <span className="muted">
          {Object.entries(counts)
            .map(([name, count]) => `${named(name)} ${number.format(count)}`)
            .join(' · ')}
        </span>
      )}
    </div>
  )
}
