/** A labelled form field with its hint and issues beside it. */
import { type ReactNode, useId } from 'react'
import { classes } from './classes.ts'

export interface FieldIssue {
  readonly code: string
  readonly message: string
  readonly severity: 'error' | 'warning'
}

export interface FieldProps {
  readonly label: string
  readonly hint?: string | undefined
  readonly issues?: readonly FieldIssue[]
  /** Draws the control; it must take the attributes it is given. */
  readonly children: (control: ControlAttributes) => ReactNode
}

interface ControlAttributes {
  readonly id: string
  readonly className: string
  readonly 'aria-invalid': boolean
  readonly 'aria-describedby': string
}

export function Field({ label, hint, issues = [], children }: FieldProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        className: 'input',
        'aria-invalid': issues.some((issue) => issue.severity === 'error'),
        'aria-describedby': `${id}-notes`,
      })}
      <div id={`${id}-notes`}>
        {hint === undefined ? null : <div className="hint">{hint}</div>}
        <Issues issues={issues} />
      </div>
    </div>
  )
}

function Issues({ issues }: { issues: readonly FieldIssue[] }) {
  return issues.map((issue) => (
    <div key={`${issue.code} ${issue.message}`} className={classes('issue', issue.severity)}>
      {issue.code === '' ? null : <code>{issue.code}</code>}
      {issue.message}
    </div>
  ))
}

export interface ChecksProps<T extends string> {
  readonly label: string
  readonly options: readonly T[]
  readonly labelOf: (option: T) => string
  readonly value: readonly T[]
  readonly onChange: (value: T[]) => void
  readonly issues?: readonly FieldIssue[]
}

/** Several of a few: check boxes in a row. */
export function Checks<T extends string>(props: ChecksProps<T>) {
  const { label, options, labelOf, value, onChange, issues = [] } = props
  return (
    <fieldset className="fieldset field">
      <legend>{label}</legend>
      <div className="checks">
        {options.map((option) => (
          <label key={option} className="check">
            <input
              type="checkbox"
              checked={value.includes(option)}
              onChange={(event) => {
                onChange(
                  options.filter((each) =>
                    each === option ? event.target.checked : value.includes(each),
                  ),
                )
              }}
            />
            {labelOf(option)}
          </label>
        ))}
      </div>
      <Issues issues={issues} />
    </fieldset>
  )
}
