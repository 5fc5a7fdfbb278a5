/** The corner where passing messages appear. */
import { useSyncExternalStore } from 'react'
import { Button } from './Button.tsx'
import { classes } from './classes.ts'
import { closeToast, currentToasts, subscribeToasts } from './toast-store.ts'

export function Toasts({ closeLabel }: { closeLabel: string }) {
  const toasts = useSyncExternalStore(subscribeToasts, currentToasts)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <div key={toast.id} className={classes('toast', toast.tone)}>
          <span>{toast.text}</span>
          <Button
            look="quiet"
            size="small"
            aria-label={closeLabel}
            onClick={() => {
              closeToast(toast.id)
            }}
          >
            ×
          </Button>
        </div>
      ))}
    </div>
  )
}
