/** Leaves a series out of the upload, with a reason that the report counts. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '../../ui/index.ts'

const REASONS = ['REVIEW_IDENTIFYING', 'REVIEW_NOT_NEEDED', 'REVIEW_UNUSABLE'] as const

export interface LeaveOutProps {
  readonly files: number
  readonly onLeaveOut: (code: string) => void
  readonly onClose: () => void
}

export function LeaveOut({ files, onLeaveOut, onClose }: LeaveOutProps) {
  const { t } = useTranslation()
  const [reason, setReason] = useState<(typeof REASONS)[number]>()
  return (
    <ConfirmDialog
      title={t('review.leaveOut')}
      confirmLabel={t('review.leaveOut')}
      cancelLabel={t('cancel')}
      isDanger
      isBlocked={reason === undefined}
      onConfirm={() => {
        if (reason !== undefined) onLeaveOut(reason)
      }}
      onClose={onClose}
    >
      <p>{t('review.leaveOutAsk', { count: files })}</p>
      <div className="stack" role="radiogroup" aria-label={t('upload.reason')}>
        {REASONS.map((each) => (
          <label key={each} className="row">
            <input
              type="radio"
              name="reason"
              checked={reason === each}
              onChange={() => setReason(each)}
            />
            {t(`leftOut.${each}`)}
          </label>
        ))}
      </div>
    </ConfirmDialog>
  )
}
