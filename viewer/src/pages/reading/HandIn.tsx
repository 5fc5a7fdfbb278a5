/** The end of a labeler's or reviewer's hold on a task: hand it in, or give it back unfinished. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { Reading, TaskDetail } from '../../bridge/use-reading.ts'
import { failureOf } from '../../data/QueryError.tsx'
import { useSession } from '../../session/context.ts'
import { Button, ConfirmDialog, showToast } from '../../ui/index.ts'

type Ending = 'submit' | 'release'

/** Everything is on the server before either is done. */
export function HandIn({ task, reading }: { task: TaskDetail; reading: Reading }) {
  const { t } = useTranslation()
  const { session } = useSession()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<Ending>()
  const end = useMutation({
    mutationFn: async (ending: Ending) => {
      await reading.flushed()
      const input = {
        params: { taskId: task.id },
        body: { assignmentId: task.assignment?.id ?? '' },
      }
      if (ending === 'submit') await session.client.submitTask(input)
      else await session.client.releaseTask(input)
      return ending
    },
    onSuccess: async (ending) => {
      showToast(t(`reading.${ending}Done`))
      await navigate('/worklist')
    },
    onError: (error) => {
      setAsked(undefined)
      showToast(failureOf(error), 'bad')
    },
  })
  return (
    <div className="row">
      {task.canEdit ? (
        <Button look="primary" onClick={() => setAsked('submit')}>
          {t('reading.submit')}
        </Button>
      ) : null}
      <Button onClick={() => setAsked('release')}>{t('reading.release')}</Button>
      {asked === undefined ? null : (
        <ConfirmDialog
          title={t(`reading.${asked}`)}
          confirmLabel={t(`reading.${asked}`)}
          cancelLabel={t('cancel')}
          isBusy={end.isPending}
          onConfirm={() => {
            end.mutate(asked)
          }}
          onClose={() => {
            setAsked(undefined)
          }}
        >
          <p>{t(`reading.${asked}Ask`)}</p>
        </ConfirmDialog>
      )}
    </div>
  )
}
