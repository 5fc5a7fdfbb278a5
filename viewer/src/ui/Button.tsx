/** A button that looks the same everywhere. */
import type { ButtonHTMLAttributes } from 'react'
import { classes } from './classes.ts'

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet'
  readonly size?: 'small' | 'medium' | 'big'
  /** The key that does the same, shown beside the words. */
  readonly shortcut?: string | undefined
}

export function Button({ look, size, shortcut, className, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classes('button', look, size, className)}
      aria-keyshortcuts={shortcut}
    >
      {children}
      {shortcut === undefined ? null : <kbd aria-hidden="true">{shortcut}</kbd>}
    </button>
  )
}
