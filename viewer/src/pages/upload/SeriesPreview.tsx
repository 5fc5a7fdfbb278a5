/** A series to look through before approval, with what the server's own detector saw in its pixels. */
import type { FramesOfFile, PixelFinding, UploadDetail } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { codeOf, failureOf } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Badge, Button, classes, ErrorState, LoadingState, showToast } from '../../ui/index.ts'
import {
  framesOfSeries,
  framesWithText,
  placesOf,
  type QcSeries,
  startAt,
  stillToSee,
  withShown,
} from './qc.model.ts'
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
  const [shown, setShown] = useState<readonly FramesOfFile[]>([])
  const [wanted, setWanted] = useState<number>()
  const params = { uploadId, series: series.seriesInstanceUid }
  const { pixels } = series
  const images = useQuery({
    queryKey: ['upload-images', uploadId, params.series],
    queryFn: () => session.client.listUploadImages({ params }),
  })
  const hasFindings = pixels.findings.files > 0
  const found = useQuery({
    queryKey: ['pixel-findings', uploadId, params.series],
    enabled: hasFindings,
    queryFn: () => session.client.listPixelFindings({ params }),
  })
  const failed = [images, found].find(({ isError }) => isError)
  const items = images.data?.items ?? []
  const findings = found.data?.items ?? []
  const frames = framesOfSeries(items)
  const at = Math.min(wanted ?? startAt(frames, findings), Math.max(0, frames.length - 1))
  const { asked, unseen } = stillToSee(items, findings, shown)
  const next = unseen.find((place) => place > at) ?? unseen[0]
  const { mustBeSeen, seenBy } = pixels
  const isAsked = isOpen && (pixels.findings.undecided > 0 || (mustBeSeen && seenBy === null))
  return (
    <figure
      className={classes('preview', isLarge && 'large', isAsked && 'asks')}
      aria-label={`${pseudonym} ${series.modality}`}
    >
      {failed !== undefined ? (
        <ErrorState
          title={t('failed')}
          message=""
          code={codeOf(failed.error)}
          retryLabel={t('retry')}
          onRetry={() => void Promise.all([images.refetch(), hasFindings && found.refetch()])}
        />
      ) : images.isPending || (hasFindings && found.isPending) ? (
        <LoadingState label={t('loading')} />
      ) : (
        <Slices
          uploadId={uploadId}
          frames={frames}
          at={at}
          findings={findings}
          label={`${pseudonym} ${series.modality}`}
          onGo={setWanted}
          onShown={(frame) => setShown((before) => withShown(before, frame))}
        >
          <Button
            size="small"
            look="quiet"
            aria-pressed={isLarge}
            onClick={() => setIsLarge(!isLarge)}
          >
            {t('qc.enlarge')}
          </Button>
        </Slices>
      )}
      <figcaption className="stack">
        <span>
          <strong>{pseudonym}</strong> {series.modality} ·{' '}
          {frames.length > items.length
            ? t('qc.frameCount', { frames: frames.length, count: items.length })
            : t('qc.imageCount', { count: images.data?.items.length ?? series.instances })}
        </span>
        <span className="muted small">
          {pixels.looked.of === 0 ? t('qc.notSearched') : t('qc.looked', pixels.looked)}
        </span>
        {isAsked && frames.length > 0 && next !== undefined ? (
          <div className="row">
            <span className="small">{t('qc.seenOf', { done: asked - unseen.length, asked })}</span>
            <Button size="small" onClick={() => setWanted(next)}>
              {t('qc.nextUnseen')}
            </Button>
          </div>
        ) : null}
        {mustBeSeen ? (
          <Seen
            params={params}
            seenBy={seenBy?.displayName}
            isOpen={isOpen}
            hasSeenAll={frames.length > 0 && unseen.length === 0}
            shown={shown}
            onDecided={onDecided}
          />
        ) : null}
        {hasFindings ? (
          <Findings
            params={params}
            files={pixels.findings.files}
            undecided={pixels.findings.undecided}
            findings={findings}
            places={placesOf(frames, framesWithText(findings))}
            isOpen={isOpen}
            hasSeenAll={frames.length > 0 && unseen.length === 0}
            onGo={setWanted}
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
  /** Every frame that the rule asks for has been on the screen. */
  readonly hasSeenAll: boolean
  readonly onDecided: (upload: UploadDetail) => void
}

interface SeenProps extends AskedSeries {
  readonly seenBy: string | undefined
  readonly shown: readonly FramesOfFile[]
}

/** Kinds of images that a person looks at, always. */
function Seen({ params, seenBy, isOpen, hasSeenAll, shown, onDecided }: SeenProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const see = useMutation({
    mutationFn: () =>
      session.client.recordSeriesSeen({
        params,
        body: { seen: [...shown] },
      }),
    onSuccess: onDecided,
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  if (seenBy !== undefined) return <Badge tone="ok">{t('qc.seenBy', { name: seenBy })}</Badge>
  if (!isOpen) return <Badge tone="warn">{t('qc.unseen')}</Badge>
  return (
    <Button size="small" disabled={!hasSeenAll || see.isPending} onClick={() => see.mutate()}>
      {t('qc.markSeen')}
    </Button>
  )
}

interface FindingsProps extends AskedSeries {
  readonly files: number
  readonly undecided: number
  readonly findings: readonly PixelFinding[]
  /** Of frames with text among the frames of the series. */
  readonly places: readonly number[]
  readonly onGo: (to: number) => void
}

/** More of them would fill the page; "next" leads to all. */
const MAX_PLACES = 8

/** What the detector saw, and what the person says of it: that it is nothing only after a look. */
function Findings(props: FindingsProps) {
  const { params, files, undecided, findings, places, isOpen, hasSeenAll, onGo, onDecided } = props
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
      showToast(failureOf(error), 'bad')
    },
  })
  const notLooked = findings.filter(({ kind }) => kind === 'not-looked')
  return (
    <div className="stack">
      <Badge tone={undecided > 0 ? 'warn' : 'ok'}>
        {t(undecided > 0 ? 'qc.textIn' : 'qc.textDecided', { count: files })}
      </Badge>
      {places.length === 0 ? null : (
        <div className="row places small">
          {t('qc.where')}
          {places.slice(0, MAX_PLACES).map((place) => (
            <Button
              key={place}
              size="small"
              look="quiet"
              aria-label={t('qc.goTo', { index: place + 1 })}
              onClick={() => onGo(place)}
            >
              {place + 1}
            </Button>
          ))}
          {places.length > MAX_PLACES ? '…' : null}
        </div>
      )}
      {notLooked.length === 0 ? null : (
        <span className="small">
          {t('qc.notLooked', { count: notLooked.length })}{' '}
          <Reason code={notLooked[0]?.code ?? undefined} />
        </span>
      )}
      {undecided > 0 && isOpen ? (
        <div className="row">
          <Button
            size="small"
            disabled={!hasSeenAll || decide.isPending}
            onClick={() => decide.mutate('clear')}
          >
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
