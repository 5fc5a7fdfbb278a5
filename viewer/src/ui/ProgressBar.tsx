/** How far something is that lasts over a second. */
import { classes } from './classes.ts'

export interface ProgressBarProps {
  readonly label: string
  /** Both absent: it runs, but nobody knows how far it is. */
  readonly done?: number | undefined
  readonly total?: number | undefined
  /** Such as '12 of 40 files'; said instead of a percentage. */
  readonly text?: string | undefined
}

export function ProgressBar({ label, done, total, text }: ProgressBarProps) {
  const isKnown = done !== undefined && total !== undefined && total > 0
  const percent = isKnown ? Math.min(100, (100 * done) / total) : undefined
  const shown = text ?? (percent === undefined ? '' : `${Math.floor(percent)}%`)
  return (
    <div className={classes('progress', !isKnown && 'indeterminate')}>
      <div className="legend">
        <span>{label}</span>
        <span className="num">{shown}</span>
      </div>
      <div
        className="track"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent === undefined ? undefined : Math.floor(percent)}
        aria-valuetext={shown === '' ? undefined : shown}
      >
        <div className="bar" style={percent === undefined ? {} : { width: `${percent}%` }} />
      </div>
    </div>
  )
}
