/** The outcome form of one case: stage and rules are checked by the server while typing. */
import { type Outcome, PandokError, TREATMENTS } from '@pandok/contract'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { codeOf, failureOf, QueryError } from '../../data/QueryError.tsx'
import { useDelayed } from '../../data/use-delayed.ts'
import { useSession } from '../../session/context.ts'
import { Button, Checks, Field, type FieldIssue, LoadingState, showToast } from '../../ui/index.ts'
import { completeOf, type Draft, draftOf, FIELDS, partialOf } from './outcome.model.ts'
import { StoredDates } from './StoredDates.tsx'

const CHECK_DELAY_MS = 300

export function OutcomePage() {
  const { t } = useTranslation()
  const { session } = useSession()
  const params = { caseId: useParams()['caseId'] ?? '' }
  const entry = useQuery({
    queryKey: ['outcome', params.caseId],
    queryFn: () => session.client.getOutcomeEntry({ params }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (entry.isPending) return <LoadingState label={t('loading')} />
  if (entry.isError) return <QueryError error={entry.error} retry={() => void entry.refetch()} />
  return (
    <OutcomeForm
      key={entry.data.revision}
      entry={entry.data}
      onSaved={() => void entry.refetch()}
    />
  )
}

function OutcomeForm({ entry, onSaved }: { entry: Outcome; onSaved: () => void }) {
  const { t, i18n } = useTranslation()
  const { session } = useSession()
  const params = { caseId: entry.caseId }
  const [draft, setDraft] = useStoredDraft(entry)
  const [missing, setMissing] = useState<readonly string[]>([])
  const histologies = useQuery({
    queryKey: ['histologies'],
    queryFn: () => session.client.listHistologies({ params: {} }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const values = useDelayed(draft, CHECK_DELAY_MS, partialOf)
  const check = useQuery({
    queryKey: ['outcome-check', params.caseId, values],
    queryFn: () => session.client.checkOutcome({ params, body: { values } }),
    placeholderData: (previous) => previous,
  })
  const save = useMutation({
    mutationFn: async (baseRevision: number) => {
      const complete = completeOf(draft)
      if ('missing' in complete) {
        setMissing(complete.missing)
        throw new PandokError('OUTCOME_INVALID')
      }
      setMissing([])
      return await session.client.putOutcome({
        params,
        body: { baseRevision, values: complete.values },
      })
    },
    onSuccess: (saved) => {
      sessionStorage.removeItem(storedKey(entry))
      showToast(t('outcome.savedNote', { date: saved.values?.diagnosisDate ?? '' }))
      onSaved()
    },
    onError: (error) => {
      if (codeOf(error) !== 'REVISION_STALE') showToast(failureOf(error), 'bad')
    },
  })
  const isStale = save.isError && codeOf(save.error) === 'REVISION_STALE'
  const saveAfterNewer = useMutation({
    mutationFn: async () => {
      const newer = await session.client.getOutcomeEntry({ params })
      await save.mutateAsync(newer.revision)
    },
  })
  const wordsOf = (issue: FieldIssue): FieldIssue => ({
    ...issue,
    message: i18n.exists(`rules.${issue.code}`)
      ? t(`rules.${issue.code}` as 'rules.DQ02')
      : issue.message,
  })
  const issuesOf = (field: string): FieldIssue[] => [
    ...(check.data?.issues ?? []).filter((issue) => issue.path === `values.${field}`).map(wordsOf),
    ...(missing.includes(field)
      ? [{ code: '', message: t('rules.required'), severity: 'error' as const }]
      : []),
  ]
  const set = (field: string, value: string) => {
    setDraft({ ...draft, [field]: value })
  }
  return (
    <form
      className="page"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate(entry.revision)
      }}
    >
      <header>
        <h1>{t('outcome.title', { pseudonym: entry.pseudonym })}</h1>
        <p>{t('outcome.note')}</p>
      </header>
      <p role="status">
        {t('outcome.stage')}:{' '}
        <strong data-testid="stage-group">{check.data?.stageGroup ?? t('outcome.noStage')}</strong>
      </p>
      <div className="columns">
        <Field label={t('outcome.fields.histology')} issues={issuesOf('histology')}>
          {(control) => (
            <select
              {...control}
              value={draft.histology ?? ''}
              onChange={(event) => {
                set('histology', event.target.value)
              }}
            >
              <option value="" />
              {(histologies.data?.items ?? []).map((each) => (
                <option key={each.code} value={each.code}>
                  {each.code} {i18n.language === 'ko' ? each.ko : each.en}
                </option>
              ))}
            </select>
          )}
        </Field>
        {FIELDS.map(([field, kind]) => (
          <Field key={field} label={t(`outcome.fields.${field}`)} issues={issuesOf(field)}>
            {(control) =>
              kind.kind === 'choice' ? (
                <select
                  {...control}
                  value={draft[field] ?? ''}
                  onChange={(event) => {
                    set(field, event.target.value)
                  }}
                >
                  <option value="" />
                  {kind.options.map((option) => (
                    <option key={option} value={option}>
                      {kind.isTranslated
                        ? t(`outcome.options.${option}` as 'outcome.options.M')
                        : option}
                    </option>
                  ))}
                </select>
              ) : (
                <input
                  {...control}
                  type={kind.kind}
                  value={draft[field] ?? ''}
                  onChange={(event) => {
                    set(field, event.target.value)
                  }}
                />
              )
            }
          </Field>
        ))}
      </div>
      <Checks
        label={t('outcome.fields.treatments')}
        options={TREATMENTS}
        labelOf={(option) => t(`outcome.options.${option}`)}
        value={draft.treatments}
        onChange={(treatments) => {
          setDraft({ ...draft, treatments })
        }}
        issues={issuesOf('treatments')}
      />
      {isStale ? (
        <div className="notice warn stack" role="alert">
          {t('outcome.stale')}
          <div className="row">
            <Button
              onClick={() => {
                sessionStorage.removeItem(storedKey(entry))
                onSaved()
              }}
            >
              {t('outcome.loadNewer')}
            </Button>
            <Button
              disabled={saveAfterNewer.isPending}
              onClick={() => {
                saveAfterNewer.mutate()
              }}
            >
              {t('outcome.saveOver')}
            </Button>
          </div>
        </div>
      ) : null}
      <div className="row">
        <Button type="submit" look="primary" disabled={save.isPending}>
          {t('outcome.save')}
        </Button>
      </div>
      {entry.revision > 0 ? <StoredDates entry={entry} /> : null}
    </form>
  )
}

const storedKey = (entry: Outcome) => `pandok.outcome.${entry.caseId}.${entry.revision}`

/** What is typed outlives a reload, in this window only. */
function useStoredDraft(entry: Outcome): [Draft, (draft: Draft) => void] {
  const key = storedKey(entry)
  const [draft, setDraft] = useState<Draft>(() => {
    const stored = sessionStorage.getItem(key)
    return stored === null ? draftOf(entry.values) : (JSON.parse(stored) as Draft)
  })
  return [
    draft,
    (next) => {
      sessionStorage.setItem(key, JSON.stringify(next))
      setDraft(next)
    },
  ]
}
