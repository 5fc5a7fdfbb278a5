/** Asks before something is left out, and for the reason, without which it is not. */
import { type ReactNode, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ConfirmDialog } from '../../ui/index.ts'

export interface ReasonDialogProps<Code extends string> {
  readonly title: string
  readonly reasons: readonly Code[]
  readonly labelOf: (reason: Code) => string
  readonly children?: ReactNode
  readonly isBusy?: boolean
  readonly onConfirm: (reason: Code) => void
  readonly onClose: () => void
}

export function ReasonDialog<Code extends string>(props: ReasonDialogProps<Code>) {
  const { title, reasons, labelOf, children, isBusy = false, onConfirm, onClose } = props
  const { t } = useTranslation()
  const [reason, setReason] = useState<Code>()
  const name = useId()
  return (
    <ConfirmDialog
      title={title}
      confirmLabel={title}
      cancelLabel={t('cancel')}
      isDanger
      isBlocked={reason === undefined}
      isBusy={isBusy}
      onConfirm={() => {
        if (reason !== undefined) onConfirm(reason)
      }}
      onClose={onClose}
    >
      {children}
      <div className="stack" role="radiogroup" aria-label={t('upload.reason')}>
        {reasons.map((each) => (
          <label key={each} className="row">
            <input
              type="radio"
              name={name}
              checked={reason === each}
              onChange={() => setReason(each)}
            />
            {labelOf(each)}
          </label>
        ))}
      </div>
    </ConfirmDialog>
  )
}
