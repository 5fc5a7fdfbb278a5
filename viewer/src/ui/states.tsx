/** What a page shows when it has nothing to show: loading, empty, failed, not allowed. */
import type { ReactNode } from 'react'
import { Button } from './Button.tsx'
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
  readonly children?: ReactNode
}

export function EmptyState({ title, children }: EmptyStateProps) {
  return (
    <div className="state">
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
