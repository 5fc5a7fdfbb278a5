/** What a page shows when it has nothing to show: loading, empty, failed, not allowed. */
import type { ReactNode } from 'react'
import { Button } from './Button.tsx'
import { classes } from './classes.ts'
import { ProgressBar } from './ProgressBar.tsx'

export function LoadingState({ label }: { label: string }) {
  return (
    <div className="state" role="status">
      <div style={{ width: 240 }}>
        <ProgressBar label={label} />
      </div>
    </div>
  )
}

export interface EmptyStateProps {
  readonly title: string
  /** One line among other things of a page, not the page. */
  readonly isSmall?: boolean
  readonly children?: ReactNode
}

export function EmptyState({ title, isSmall = false, children }: EmptyStateProps) {
  return (
    <div className={classes('state', isSmall && 'small')}>
      <div className="title">{title}</div>
      {children}
    </div>
  )
}

export interface ErrorStateProps {
  readonly title: string
  readonly message: string
  readonly code: string
  readonly retryLabel?: string
  readonly onRetry?: (() => void) | undefined
}

export function ErrorState({ title, message, code, retryLabel, onRetry }: ErrorStateProps) {
  return (
    <div className="state error" role="alert">
      <div className="title">{title}</div>
      <p>{message}</p>
      <code>{code}</code>
      {onRetry === undefined ? null : <Button onClick={onRetry}>{retryLabel}</Button>}
    </div>
  )
}
