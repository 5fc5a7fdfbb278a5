/** For what, on which basis and how long the project holds its data; the ledger repeats it. */
import { type ProcessingTerms, PURPOSES } from '@pandok/contract'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { failureOf, QueryError } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Button, Field, LoadingState, showToast } from '../../ui/index.ts'

export function TermsSettings({ mayEdit }: { mayEdit: boolean }) {
  const { t } = useTranslation()
  const { session, project } = useSession()
  const params = { projectKey: project.projectKey }
  const terms = useQuery({
    queryKey: ['terms', params.projectKey],
    queryFn: () => session.client.getProcessingTerms({ params }),
  })
  return (
    <section className="panel">
      <h2>{t('settings.terms')}</h2>
      <p className="muted small">{t('settings.termsNote')}</p>
      {terms.isPending ? <LoadingState label={t('loading')} /> : null}
      {terms.isError ? <QueryError error={terms.error} retry={() => void terms.refetch()} /> : null}
      {terms.data === undefined ? null : (
        <Terms key={terms.data.setAt} current={terms.data} mayEdit={mayEdit} />
      )}
    </section>
  )
}

function Terms({ current, mayEdit }: { current: ProcessingTerms; mayEdit: boolean }) {
  const { t, i18n } = useTranslation()
  const { session, project } = useSession()
  const queries = useQueryClient()
  const params = { projectKey: project.projectKey }
  const [purpose, setPurpose] = useState(current.purpose)
  const [purposeDetail, setPurposeDetail] = useState(current.purposeDetail)
  const [legalBasis, setLegalBasis] = useState(current.legalBasis)
  const [days, setDays] = useState(String(current.retentionDays))
  const retentionDays = Number(days)
  const isValid =
    purposeDetail.trim() !== '' &&
    legalBasis.trim() !== '' &&
    Number.isInteger(retentionDays) &&
    retentionDays >= 1 &&
    retentionDays <= 36_500
  const save = useMutation({
    mutationFn: () =>
      session.client.setProcessingTerms({
        params,
        body: { purpose, purposeDetail, legalBasis, retentionDays },
      }),
    onSuccess: (saved) => {
      showToast(t('settings.termsSaved'))
      queries.setQueryData(['terms', params.projectKey], saved)
    },
    onError: (error) => {
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault()
        if (isValid) save.mutate()
      }}
    >
      {current.warnings.map((warning) => (
        <p key={warning.code} className="notice warn" role="status">
          {i18n.exists(`settings.warnings.${warning.code}`)
            ? t(`settings.warnings.${warning.code}` as 'settings.warnings.TERMS_NOT_SET')
            : warning.code}
        </p>
      ))}
      <div className="columns">
        <Field label={t('settings.purpose')}>
          {(control) => (
            <select
              {...control}
              value={purpose}
              disabled={!mayEdit}
              onChange={(event) => {
                setPurpose(PURPOSES.find((each) => each === event.target.value) ?? purpose)
              }}
            >
              {PURPOSES.map((each) => (
                <option key={each} value={each}>
                  {t(`settings.purposes.${each}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t('settings.retention')} hint={t('settings.retentionHint')}>
          {(control) => (
            <input
              {...control}
              type="number"
              min={1}
              max={36500}
              value={days}
              disabled={!mayEdit}
              onChange={(event) => setDays(event.target.value)}
            />
          )}
        </Field>
      </div>
      <Field label={t('settings.purposeDetail')}>
        {(control) => (
          <input
            {...control}
            maxLength={300}
            value={purposeDetail}
            disabled={!mayEdit}
            onChange={(event) => setPurposeDetail(event.target.value)}
          />
        )}
      </Field>
      <Field label={t('settings.legalBasis')}>
        {(control) => (
          <input
            {...control}
            maxLength={200}
            value={legalBasis}
            disabled={!mayEdit}
            onChange={(event) => setLegalBasis(event.target.value)}
          />
        )}
      </Field>
      <div className="row">
        {mayEdit ? (
          <Button type="submit" look="primary" disabled={!isValid || save.isPending}>
            {t('settings.save')}
          </Button>
        ) : null}
        {current.setAt === null ? null : (
          <span className="muted small">
            {new Date(current.setAt).toLocaleString(i18n.language)} · {current.setBy?.displayName}
          </span>
        )}
      </div>
    </form>
  )
}
