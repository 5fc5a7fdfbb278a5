/** A text to be edited with numbers beside its lines, and the line marked that is wrong. */
import { useId, useRef } from 'react'
import { classes } from '../../ui/index.ts'
import './settings.css'

export interface TextFault {
  /** Counted from 1. */
  readonly line: number
  readonly message: string
}

export interface LinedTextProps {
  readonly label: string
  readonly text: string
  readonly isReadOnly: boolean
  readonly fault: TextFault | undefined
  readonly faultLabel: (line: number) => string
  readonly onChange: (text: string) => void
}

const FEWEST_LINES = 8
const MOST_LINES = 24

export function LinedText(props: LinedTextProps) {
  const { label, text, isReadOnly, fault, faultLabel, onChange } = props
  const id = useId()
  const numbers = useRef<HTMLDivElement>(null)
  const lines = text.split('\n').length
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className={classes('lined-text', fault !== undefined && 'invalid')}>
        <div ref={numbers} className="numbers" aria-hidden="true">
          {Array.from({ length: lines }, (_, at) => at + 1).map((line) => (
            <span key={line} className={classes(line === fault?.line && 'wrong')}>
              {line}
            </span>
          ))}
        </div>
        <textarea
          id={id}
          value={text}
          rows={Math.min(MOST_LINES, Math.max(FEWEST_LINES, lines + 1))}
          readOnly={isReadOnly}
          spellCheck={false}
          wrap="off"
          aria-invalid={fault !== undefined}
          aria-describedby={`${id}-fault`}
          onScroll={(event) => {
            if (numbers.current !== null) numbers.current.scrollTop = event.currentTarget.scrollTop
          }}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
      <div id={`${id}-fault`} role="status">
        {fault === undefined ? null : (
          <div className="issue">
            <strong>{faultLabel(fault.line)}</strong> {fault.message}
          </div>
        )}
      </div>
    </div>
  )
}
