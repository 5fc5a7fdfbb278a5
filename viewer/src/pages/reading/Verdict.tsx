/** A reviewer's verdict: pins on the image, accept, or return with a reason and a comment. */
import { type Pin, RETURN_REASONS, type ReturnReason } from '@pandok/contract'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { Reading, TaskDetail } from '../../bridge/use-reading.ts'
import { failureOf } from '../../data/QueryError.tsx'
import type { ReadingEngine } from '../../imaging/index.ts'
import { useSession } from '../../session/context.ts'
import { Button, ConfirmDialog, Field, showToast } from '../../ui/index.ts'

const MAX_COMMENT = 1000

interface VerdictProps {
  readonly task: TaskDetail
  readonly reading: Reading
  readonly engine: ReadingEngine
  readonly pins: readonly Pin[]
  readonly setPins: (pins: readonly Pin[]) => void
}

export function Verdict({ task, reading, pins, setPins, engine }: VerdictProps) {
  const { t } = useTranslation()
  const { session } = useSession()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'accept' | 'return'>()
  const [{ reason, comment }, setDraft] = useVerdictDraft(task.id)
  const [pinText, setPinText] = useState('')
  const { comment: placed } = reading.state
  const decide = useMutation({
    mutationFn: (verdict: 'accept' | 'return') =>
      session.client.decideReview({
        params: { taskId: task.id },
        body: {
          assignmentId: task.assignment?.id ?? '',
          verdict,
          pins: verdict === 'return' ? [...pins] : [],
          ...(verdict === 'return' && reason !== '' ? { reason, comment } : {}),
        },
      }),
    onSuccess: async () => {
      setPins([])
      setDraft(NO_DRAFT)
      showToast(t('reading.decided'))
      await navigate('/worklist')
    },
    onError: (error) => {
      setAsked(undefined)
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <section className="stack">
      <h3>{t('reading.pins')}</h3>
      {pins.map((pin, at) => (
        <div key={`${pin.sopInstanceUid} ${pin.pointMm.join(' ')}`} className="row spread">
          <Button size="small" onClick={() => engine.jumpTo(pin.pointMm)}>
            {at + 1}. {pin.text}
          </Button>
          <Button
            size="small"
            look="quiet"
            aria-label={t('reading.remove')}
            onClick={() => {
              setPins(pins.filter((each) => each !== pin))
            }}
          >
            ×
          </Button>
        </div>
      ))}
      {placed === undefined ? null : (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault()
            if (pinText.trim() === '') return
            const { sopInstanceUid, pointMm } = placed
            setPins([...pins, { text: pinText.trim(), sopInstanceUid, pointMm }])
            setPinText('')
            reading.clearComment()
          }}
        >
          <input
            className="input"
            aria-label={t('reading.pinText')}
            placeholder={t('reading.pinText')}
            value={pinText}
            maxLength={MAX_COMMENT}
            onChange={(event) => {
              setPinText(event.target.value)
            }}
          />
          <Button type="submit" size="small">
            {t('reading.addPin')}
          </Button>
        </form>
      )}
      <div className="row">
        <Button look="primary" onClick={() => setAsked('accept')}>
          {t('reading.accept')}
        </Button>
        <Button look="danger" onClick={() => setAsked('return')}>
          {t('reading.return')}
        </Button>
      </div>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={t(`reading.${asked}`)}
          confirmLabel={t(`reading.${asked}`)}
          cancelLabel={t('cancel')}
          isDanger={asked === 'return'}
          isBusy={decide.isPending}
          isBlocked={asked === 'return' && (reason === '' || comment.trim() === '')}
          onConfirm={() => {
            decide.mutate(asked)
          }}
          onClose={() => {
            setAsked(undefined)
          }}
        >
          {asked === 'accept' ? (
            <p>{t('reading.acceptAsk')}</p>
          ) : (
            <>
              <Field label={t('reading.reason')}>
                {(control) => (
                  <select
                    {...control}
                    value={reason}
                    onChange={(event) => {
                      const { value } = event.target
                      setDraft({
                        comment,
                        reason: RETURN_REASONS.find((each) => each === value) ?? '',
                      })
                    }}
                  >
                    <option value="" />
                    {RETURN_REASONS.map((each) => (
                      <option key={each} value={each}>
                        {t(`reasons.${each}`)}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
              <Field
                label={t('reading.comment')}
                hint={t('reading.left', { count: MAX_COMMENT - comment.length })}
              >
                {(control) => (
                  <textarea
                    {...control}
                    rows={4}
                    maxLength={MAX_COMMENT}
                    value={comment}
                    onChange={(event) => {
                      setDraft({ reason, comment: event.target.value })
                    }}
                  />
                )}
              </Field>
            </>
          )}
        </ConfirmDialog>
      )}
    </section>
  )
}

interface VerdictDraft {
  readonly reason: ReturnReason | ''
  readonly comment: string
}

const NO_DRAFT: VerdictDraft = { reason: '', comment: '' }

/** The words of a verdict in the making outlive the page too. */
function useVerdictDraft(taskId: string): [VerdictDraft, (draft: VerdictDraft) => void] {
  const key = `pandok.verdict.${taskId}`
  const [draft, setDraft] = useState<VerdictDraft>(() => {
    const stored = localStorage.getItem(key)
    return stored === null ? NO_DRAFT : (JSON.parse(stored) as VerdictDraft)
  })
  return [
    draft,
    (next) => {
      if (next === NO_DRAFT) localStorage.removeItem(key)
      else localStorage.setItem(key, JSON.stringify(next))
      setDraft(next)
    },
  ]
}

/** The pins of a verdict in the making outlive the page. */
export function usePins(taskId: string): [readonly Pin[], (pins: readonly Pin[]) => void] {
  const key = `pandok.pins.${taskId}`
  const [pins, setPins] = useState<readonly Pin[]>(
    () => JSON.parse(localStorage.getItem(key) ?? '[]') as Pin[],
  )
  return [
    pins,
    (next) => {
      if (next.length === 0) localStorage.removeItem(key)
      else localStorage.setItem(key, JSON.stringify(next))
      setPins(next)
    },
  ]
}
