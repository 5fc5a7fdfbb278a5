/** The de-identification record: what was done by which rules, who has copies, whether it holds. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf } from '../../data/QueryError.tsx'
import { saveBlob } from '../../data/save-blob.ts'
import { useSession } from '../../session/context.ts'
import { Button, EmptyState, showToast } from '../../ui/index.ts'
import { Copies } from './Copies.tsx'
import { Ledger } from './Ledger.tsx'
import './record.css'

export function RecordPage() {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const { projectKey, roles } = project
  const params = { projectKey }
  const [checkedAt, setCheckedAt] = useState<Date>()
  const failed = (error: unknown) => showToast(failureOf(error), 'bad')
  const verify = useMutation({
    mutationFn: () => session.client.verifyLedger({ params }),
    onSuccess: () => setCheckedAt(new Date()),
    onError: failed,
  })
  const evidence = useMutation({
    mutationFn: () => session.client.getEvidencePack({ params }),
    onSuccess: (pack) => saveBlob(pack, `pandok-${projectKey}-evidence.zip`),
    onError: failed,
  })
  const mayTakeEvidence = roles.includes('manager') || roles.includes('auditor')
  const mayRead = roles.includes('data-manager') || mayTakeEvidence
  if (!mayRead) return <EmptyState title={t('noPermission')} />
  return (
    <div className="page" key={projectKey}>
      <header>
        <h1>{t('record.title')}</h1>
        <div className="row">
          <Button disabled={verify.isPending} onClick={() => verify.mutate()}>
            {t('record.verify')}
          </Button>
          {mayTakeEvidence ? (
            <Button
              look="primary"
              disabled={evidence.isPending}
              aria-busy={evidence.isPending}
              onClick={() => evidence.mutate()}
            >
              {t(evidence.isPending ? 'record.evidenceRuns' : 'record.evidence')}
            </Button>
          ) : null}
        </div>
        <p>{t('record.note')}</p>
      </header>
      {verify.data === undefined ? null : (
        <Verdict result={verify.data} at={checkedAt ?? new Date()} />
      )}
      <Copies />
      <Ledger />
    </div>
  )
}

interface VerdictProps {
  readonly result: {
    readonly isIntact: boolean
    readonly entries: number
    readonly fault: { readonly sequence: number; readonly code: string } | null
    readonly anchor: string | null
  }
  readonly at: Date
}

function Verdict({ result, at }: VerdictProps) {
  const { t, i18n } = useTranslation()
  const time = at.toLocaleTimeString(i18n.language)
  const code = result.fault?.code ?? ''
  if (!result.isIntact) {
    return (
      <div className="notice bad" role="alert">
        <strong>{t('record.broken', { sequence: result.fault?.sequence ?? 0 })}</strong>{' '}
        {i18n.exists(`record.faults.${code}`)
          ? `${t(`record.faults.${code}` as 'record.faults.LEDGER_HASH')} `
          : ''}
        <code className="muted">{code}</code>
      </div>
    )
  }
  return (
    <div className="notice ok stack" role="status">
      <span>{t('record.intact', { count: result.entries, time })}</span>
      {result.anchor === null ? null : (
        <span className="small muted">
          {t('record.anchor')} <code className="anchor">{result.anchor}</code>
        </span>
      )}
    </div>
  )
}
