/** A modal dialog on <dialog>: the browser keeps the focus inside, Escape closes it. */
import { type ReactNode, useId } from 'react'
import { Button } from './Button.tsx'

export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const id = useId()
  return (
    <dialog
      className="dialog"
      aria-labelledby={id}
      ref={openModal}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <div className="inner">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

function openModal(element: HTMLDialogElement | null): void {
  if (element !== null && !element.open) element.showModal()
}

export interface ConfirmDialogProps {
  readonly title: string
  readonly children: ReactNode
  readonly confirmLabel: string
  readonly cancelLabel: string
  readonly isDanger?: boolean
  readonly isBusy?: boolean
  readonly isBlocked?: boolean
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Asks before something that cannot be taken back. Enter confirms. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirmLabel, cancelLabel, onConfirm, onClose } = props
  const { isDanger = false, isBusy = false, isBlocked = false } = props
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy && !isBlocked) onConfirm()
        }}
      >
        {children}
        <div className="actions">
          <Button onClick={onClose} disabled={isBusy}>
            {cancelLabel}
          </Button>
          <Button
            type="submit"
            look={isDanger ? 'danger' : 'primary'}
            disabled={isBusy || isBlocked}
            aria-busy={isBusy}
          >
            {confirmLabel}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
