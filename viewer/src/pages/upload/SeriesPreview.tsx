/** A series to look through before approval, with what the server's own detector saw in its pixels. */
import type { PixelFinding, UploadDetail, UploadImage } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { codeOf } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Badge, Button, classes, ErrorState, LoadingState, showToast } from '../../ui/index.ts'
import type { QcSeries } from './qc.model.ts'
import { Reason } from './Reason.tsx'
import { Slices } from './Slices.tsx'
import './preview.css'

export interface PreviewProps extends QcSeries {
  readonly uploadId: string
  /** Whether decisions are still taken. */
  readonly isOpen: boolean
  /** A decision changes the upload. */
  readonly onDecided: (upload: UploadDetail) => void
}

export function SeriesPreview({ uploadId, pseudonym, series, isOpen, onDecided }: PreviewProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const [isLarge, setIsLarge] = useState(false)
  const [hasSeenAll, setHasSeenAll] = useState(false)
  const params = { uploadId, series: series.seriesInstanceUid }
  const { pixels } = series
  const images = useQuery({
    queryKey: ['upload-images', uploadId, params.series],
    queryFn: () => session.client.listUploadImages({ params }),
  })
  const findings = useQuery({
    queryKey: ['pixel-findings', uploadId, params.series],
    enabled: pixels.findings.files > 0,
    queryFn: () => session.client.listPixelFindings({ params }),
  })
  const items = images.data?.items
  const hasQuestion = pixels.findings.undecided > 0 || (pixels.mustBeSeen && pixels.seenBy === null)
  return (
    <figure
      className={classes('preview', isLarge && 'large', isOpen && hasQuestion && 'asks')}
      aria-label={`${pseudonym} ${series.modality}`}
    >
      {images.isError ? (
        <ErrorState
          title={t('failed')}
          message=""
          code={codeOf(images.error)}
          retryLabel={t('retry')}
          onRetry={() => void images.refetch()}
        />
      ) : items === undefined ? (
        <LoadingState label={t('loading')} />
      ) : (
        <Slices
          uploadId={uploadId}
          images={items}
          findings={findings.data?.items ?? []}
          label={`${pseudonym} ${series.modality}`}
          onSeenAll={() => setHasSeenAll(true)}
        />
      )}
      <figcaption className="stack">
        <div className="row spread">
          <span>
            <strong>{pseudonym}</strong> {series.modality} ·{' '}
            {t('qc.imageCount', { count: items?.length ?? series.instances })}
          </span>
          <Button
            size="small"
            look="quiet"
            aria-pressed={isLarge}
            onClick={() => setIsLarge(!isLarge)}
          >
            {t('qc.enlarge')}
          </Button>
        </div>
        <span className="muted small">
          {pixels.looked.of === 0 ? t('qc.notSearched') : t('qc.looked', pixels.looked)}
        </span>
        {pixels.mustBeSeen ? (
          <Seen
            params={params}
            seenBy={pixels.seenBy?.displayName}
            isOpen={isOpen}
            hasSeenAll={hasSeenAll}
            onDecided={onDecided}
          />
        ) : null}
        {pixels.findings.files > 0 ? (
          <Findings
            params={params}
            files={pixels.findings.files}
            undecided={pixels.findings.undecided}
            findings={findings.data?.items ?? []}
            images={items ?? []}
            isOpen={isOpen}
            onDecided={onDecided}
          />
        ) : null}
      </figcaption>
    </figure>
  )
}

interface AskedSeries {
  readonly params: { readonly uploadId: string; readonly series: string }
  readonly isOpen: boolean
  readonly onDecided: (upload: UploadDetail) => void
}

/** Kinds of images that a person looks at, always. */
function Seen(props: AskedSeries & { seenBy: string | undefined; hasSeenAll: boolean }) {
  const { params, seenBy, isOpen, hasSeenAll, onDecided } = props
  const { t } = useTranslation()
  const { session } = useSession()
  const see = useMutation({
    mutationFn: () => session.client.recordSeriesSeen({ params, body: {} }),
    onSuccess: onDecided,
    onError: (error) => {
      showToast(`${t('failed')}: ${codeOf(error)}`, 'bad')
    },
  })
  if (seenBy !== undefined) return <Badge tone="ok">{t('qc.seenBy', { name: seenBy })}</Badge>
  if (!isOpen) return <Badge tone="warn">{t('qc.unseen')}</Badge>
  return (
    <div className="row">
      <Button size="small" disabled={!hasSeenAll || see.isPending} onClick={() => see.mutate()}>
        {t('qc.markSeen')}
      </Button>
      {hasSeenAll ? null : <span className="muted small">{t('qc.lookFirst')}</span>}
    </div>
  )
}

interface FindingsProps extends AskedSeries {
  readonly files: number
  readonly undecided: number
  readonly findings: readonly PixelFinding[]
  readonly images: readonly UploadImage[]
}

/** What the detector saw, and what the person says of it. */
function Findings(props: FindingsProps) {
  const { params, files, undecided, findings, images, isOpen, onDecided } = props
  const { t } = useTranslation()
  const { session } = useSession()
  const queries = useQueryClient()
  const decide = useMutation({
    mutationFn: (decision: 'clear' | 'refuse') =>
      session.client.decidePixelFindings({ params, body: { decision } }),
    onSuccess: async (upload) => {
      onDecided(upload)
      await queries.invalidateQueries({ queryKey: ['pixel-findings', params.uploadId] })
      await queries.invalidateQueries({ queryKey: ['upload-images', params.uploadId] })
    },
    onError: (error) => {
      showToast(`${t('failed')}: ${codeOf(error)}`, 'bad')
    },
  })
  const notLooked = findings.filter(({ kind }) => kind === 'not-looked')
  const numberOf = (sha256: string) => images.findIndex((image) => image.sha256 === sha256) + 1
  const where = findings
    .map(({ sha256 }) => numberOf(sha256))
    .filter((number) => number > 0)
    .slice(0, 8)
  return (
    <div className="stack">
      <Badge tone={undecided > 0 ? 'warn' : 'ok'}>
        {t(undecided > 0 ? 'qc.textIn' : 'qc.textDecided', { count: files })}
      </Badge>
      {where.length === 0 ? null : (
        <span className="muted small">{t('qc.where', { images: where.join(', ') })}</span>
      )}
      {notLooked.length === 0 ? null : (
        <span className="small">
          {t('qc.notLooked', { count: notLooked.length })}{' '}
          <Reason code={notLooked[0]?.code ?? undefined} />
        </span>
      )}
      {undecided > 0 && isOpen ? (
        <div className="row">
          <Button size="small" disabled={decide.isPending} onClick={() => decide.mutate('clear')}>
            {t('qc.clear')}
          </Button>
          <Button
            size="small"
            look="danger"
            disabled={decide.isPending}
            onClick={() => decide.mutate('refuse')}
          >
            {t('qc.takeOut')}
          </Button>
        </div>
      ) : null}
    </div>
  )
}
