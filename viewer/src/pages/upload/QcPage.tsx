/** QC of one upload: what the de-identification did, what was refused, approve or reject. */
import type { UploadDetail } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useParams } from 'react-router'
import { ArchivedSeries } from '../../data/ArchivedSeries.tsx'
import { reasonWords } from '../../data/job-reasons.ts'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { uploadTone } from '../../data/upload-tones.ts'
import { useSession } from '../../session/context.ts'
import {
  Badge,
  Button,
  ConfirmDialog,
  LoadingState,
  ProgressBar,
  showToast,
  Table,
} from '../../ui/index.ts'
import { Conflicts } from './Conflicts.tsx'
import { openQuestions, seriesOfUpload } from './qc.model.ts'
import { Reason } from './Reason.tsx'
import { readRule } from './rule-words.ts'
import { SeriesPreview } from './SeriesPreview.tsx'

/** When there are clean images that somebody may look at. */
const LOOKED_AT = ['awaiting-qc', 'archiving', 'archived']
const IN_MOTION = ['receiving', 'checking', 'archiving']

export function QcPage() {
  const { t } = useTranslation()
  const { session } = useSession()
  const params = { uploadId: useParams()['uploadId'] ?? '' }
  const upload = useQuery({
    queryKey: ['upload', params.uploadId],
    queryFn: () => session.client.getUpload({ params }),
    refetchInterval: (query) => (IN_MOTION.includes(query.state.data?.status ?? '') ? 700 : false),
  })
  const [asked, setAsked] = useState<'approve' | 'reject'>()
  const decide = useMutation({
    mutationFn: (decision: 'approve' | 'reject') =>
      session.client.decideQc({ params, body: { decision } }),
    onSuccess: () => upload.refetch(),
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
    onSettled: () => {
      setAsked(undefined)
    },
  })
  if (upload.isPending) return <LoadingState label={t('loading')} />
  if (upload.isError) return <QueryError error={upload.error} retry={() => void upload.refetch()} />
  const { data } = upload
  const { files } = data
  const { undecided, unseen } = openQuestions(data)
  const conflicts = data.conflicts.length
  const isAsking = undecided > 0 || unseen > 0 || conflicts > 0
  return (
    <div className="page">
      <header>
        <h1>{t('qc.title')}</h1>
        <Badge tone={uploadTone(data.status)}>{t(`uploadStatus.${data.status}`)}</Badge>
      </header>
      <dl className="facts">
        <Fact name={t('upload.files')} value={files.received} />
        <Fact name={t('upload.clean')} value={files.clean} />
        <Fact name={t('upload.refused')} value={files.refused} />
        <div>
          <dt>{t('qc.profile')}</dt>
          <dd>{data.profileLabel}</dd>
        </div>
      </dl>
      {data.status === 'checking' ? (
        <ProgressBar label={t('qc.checking')} done={files.checked} total={files.received} />
      ) : null}
      {data.status === 'checking' && data.look !== null ? (
        <ProgressBar
          label={t('upload.looking')}
          done={data.look.frames}
          total={data.look.of}
          text={t('upload.lookedOf', data.look)}
        />
      ) : null}
      {data.status === 'archiving' ? (
        <ProgressBar
          label={t('uploadStatus.archiving')}
          done={files.archived}
          total={files.clean}
        />
      ) : null}
      {data.status === 'archived' ? <p role="status">{t('qc.done')}</p> : null}
      {data.failureCode === null ? null : (
        <p role="alert">
          {t(`jobs.reasons.${reasonWords(data.failureCode)}`)}{' '}
          <code className="muted">{data.failureCode}</code>{' '}
          <Link to="/jobs?state=failed">{t('nav.jobs')}</Link>
        </p>
      )}
      {data.status === 'awaiting-qc' ? (
        <div className="row">
          <Button
            look="primary"
            disabled={isAsking}
            aria-describedby="qc-open"
            onClick={() => setAsked('approve')}
          >
            {t('qc.approve')}
          </Button>
          <Button look="danger" onClick={() => setAsked('reject')}>
            {t('qc.reject')}
          </Button>
          <span id="qc-open" className="small">
            {undecided > 0 ? <>{t('qc.undecided', { count: undecided })} </> : null}
            {unseen > 0 ? <>{t('qc.unseenSeries', { count: unseen })} </> : null}
            {conflicts > 0 ? t('qc.conflictsOpen', { count: conflicts }) : null}
          </span>
        </div>
      ) : null}
      {data.status === 'archived' ? <ArchivedSeries uploadId={data.id} /> : null}
      {LOOKED_AT.includes(data.status) ? <Studies upload={data} /> : null}
      <Conflicts upload={data} onDecided={() => void upload.refetch()} />
      <Refusals upload={data} />
      <Changes upload={data} />
      {asked === undefined ? null : (
        <ConfirmDialog
          title={t(`qc.${asked}`)}
          confirmLabel={t(`qc.${asked}`)}
          cancelLabel={t('cancel')}
          isDanger={asked === 'reject'}
          isBusy={decide.isPending}
          onConfirm={() => {
            decide.mutate(asked)
          }}
          onClose={() => {
            setAsked(undefined)
          }}
        >
          <p>{t(`qc.${asked}Ask`)}</p>
        </ConfirmDialog>
      )}
    </div>
  )
}

function Fact({ name, value }: { name: string; value: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Studies({ upload }: { upload: UploadDetail }) {
  const { t } = useTranslation()
  const queries = useQueryClient()
  const all = seriesOfUpload(upload)
  if (all.length === 0) return null
  return (
    <section className="stack">
      <h2>{t('qc.studies')}</h2>
      <p className="muted">{t('qc.look')}</p>
      <div className="previews">
        {all.map((each) => (
          <SeriesPreview
            key={each.series.seriesInstanceUid}
            uploadId={upload.id}
            isOpen={upload.status === 'awaiting-qc'}
            onDecided={(changed) => queries.setQueryData(['upload', upload.id], changed)}
            {...each}
          />
        ))}
      </div>
    </section>
  )
}

function Refusals({ upload }: { upload: UploadDetail }) {
  const { t } = useTranslation()
  const leftOut = Object.entries(upload.report?.leftOut ?? {})
  return (
    <>
      {leftOut.length === 0 ? null : (
        <section className="stack">
          <h2>{t('qc.leftOut')}</h2>
          <Table
            label={t('qc.leftOut')}
            rows={leftOut}
            keyOf={([code]) => code}
            columns={[
              {
                key: 'reason',
                title: t('upload.reason'),
                draw: ([code]) => <Reason code={code} />,
              },
              { key: 'count', title: t('qc.count'), isNumber: true, draw: ([, count]) => count },
            ]}
          />
        </section>
      )}
      {upload.refusals.length === 0 ? null : (
        <section className="stack">
          <h2>{t('qc.refusals')}</h2>
          <Table
            label={t('qc.refusals')}
            rows={upload.refusals}
            keyOf={(row) => row.sha256}
            columns={[
              {
                key: 'file',
                title: t('upload.file'),
                draw: (row) => <code>{row.sha256.slice(0, 12)}</code>,
              },
              {
                key: 'reason',
                title: t('upload.reason'),
                draw: (row) => <Reason code={row.code} />,
              },
              {
                key: 'findings',
                title: t('qc.attribute'),
                draw: (row) => row.findings.map((finding) => finding.keyword).join(', '),
              },
            ]}
          />
        </section>
      )}
    </>
  )
}

function Changes({ upload }: { upload: UploadDetail }) {
  const { t } = useTranslation()
  if (upload.report === null) return <p className="muted">{t('qc.noReport')}</p>
  return (
    <section className="stack">
      <h2>{t('qc.changed')}</h2>
      <Table
        label={t('qc.changed')}
        rows={upload.report.rows}
        keyOf={(row) => `${row.path} ${row.rule}`}
        columns={[
          { key: 'attribute', title: t('qc.attribute'), draw: (row) => row.keyword },
          { key: 'tag', title: t('qc.tag'), draw: (row) => <code>{inParentheses(row.path)}</code> },
          { key: 'rule', title: t('qc.rule'), draw: (row) => <Rule rule={row.rule} /> },
          {
            key: 'action',
            title: t('qc.action'),
            draw: (row) => <ActionTaken action={row.action} />,
          },
          { key: 'count', title: t('qc.count'), isNumber: true, draw: (row) => row.count },
        ]}
      />
    </section>
  )
}

/** Tags as PS3.5 writes them. */
function inParentheses(path: string): string {
  return path.replaceAll(/([\dA-Fa-fxX]{4})([\dA-Fa-fxX]{4})/g, '($1,$2)')
}

/** In words, the code beside them; a sender may know actions which this page does not. */
function ActionTaken({ action }: { action: string }) {
  const { t, i18n } = useTranslation()
  return (
    <>
      {i18n.exists(`actions.${action}`) ? `${t(`actions.${action}` as 'actions.X')} ` : ''}
      <code className="muted small">{action}</code>
    </>
  )
}

/** As ActionTaken. */
function Rule({ rule }: { rule: string }) {
  const { t, i18n } = useTranslation()
  const { codes, said } = readRule(rule)
  const words = said.flatMap((part) => {
    switch (part.kind) {
      case 'type':
        return [t('deidRules.type', { type: part.type })]
      case 'option':
        return i18n.exists(`deidRules.options.${part.option}`)
          ? [t(`deidRules.options.${part.option}` as 'deidRules.options.clean-graphics')]
          : [part.option]
      case 'phrase':
        return i18n.exists(`deidRules.phrases.${part.phrase}`)
          ? [t(`deidRules.phrases.${part.phrase}` as 'deidRules.phrases.private')]
          : [part.phrase]
    }
  })
  const isBasic = said.every(({ kind }) => kind === 'type')
  return (
    <>
      {[...(isBasic ? [t('deidRules.basic')] : []), ...words].join(' · ')}{' '}
      <code className="muted small">{codes.join(' ')}</code>
    </>
  )
}
