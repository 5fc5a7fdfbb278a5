/** Leaves a series out of the upload, with a reason that the report counts. */
import { useTranslation } from 'react-i18next'
import { ReasonDialog } from './ReasonDialog.tsx'

const REASONS = ['REVIEW_IDENTIFYING', 'REVIEW_NOT_NEEDED', 'REVIEW_UNUSABLE'] as const

export interface LeaveOutProps {
  readonly files: number
  readonly onLeaveOut: (code: string) => void
  readonly onClose: () => void
}

export function LeaveOut({ files, onLeaveOut, onClose }: LeaveOutProps) {
  const { t } = useTranslation()
  return (
    <ReasonDialog
      title={t('review.leaveOut')}
      reasons={REASONS}
      labelOf={(reason) => t(`leftOut.${reason}`)}
      onConfirm={onLeaveOut}
      onClose={onClose}
    >
      <p>{t('review.leaveOutAsk', { count: files })}</p>
    </ReasonDialog>
  )
}
