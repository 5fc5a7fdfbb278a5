/** The sheet of keys that `?` opens. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { labelOf, READING_KEYS } from '../bridge/reading-keys.ts'
import { useKey } from '../data/use-key.ts'
import { Button, Dialog } from '../ui/index.ts'

const GENERAL = [
  ['sheet', ['?']],
  ['escape', ['Esc']],
  ['confirm', ['Enter']],
  ['next', ['n']],
] as const

const JOBS = [
  ['jobMove', ['↑', '↓']],
  ['jobOpen', ['Enter']],
  ['jobRetry', ['r']],
  ['jobEnd', ['Delete']],
] as const

export function KeySheet() {
  const { t } = useTranslation()
  const [isOpen, setIsOpen] = useState(false)
  useKey('?', () => {
    setIsOpen(true)
  })
  return (
    <>
      <Button
        look="quiet"
        size="small"
        aria-label={t('keys.title')}
        onClick={() => setIsOpen(true)}
      >
        ?
      </Button>
      {isOpen ? (
        <Dialog title={t('keys.title')} onClose={() => setIsOpen(false)}>
          {(
            [
              ['general', GENERAL],
              ['jobs', JOBS],
            ] as const
          ).map(([group, rows]) => (
            <section key={group} className="stack">
              <h3>{t(`keys.groups.${group}`)}</h3>
              <dl className="keys">
                {rows.map(([what, keys]) => (
                  <KeyRow key={what} keys={keys} text={t(`keys.${what}`)} />
                ))}
              </dl>
            </section>
          ))}
          {(['looking', 'editing', 'reviewing'] as const).map((group) => (
            <section key={group} className="stack">
              <h3>{t(`keys.groups.${group}`)}</h3>
              <dl className="keys">
                {rowsOf(group).map(({ keys, labels }) => (
                  <KeyRow
                    key={labels.join(' ')}
                    keys={keys}
                    text={labels.map((label) => t(label)).join(' · ')}
                  />
                ))}
              </dl>
            </section>
          ))}
          <div className="actions">
            <Button onClick={() => setIsOpen(false)}>{t('close')}</Button>
          </div>
        </Dialog>
      ) : null}
    </>
  )
}

/** One row a command, with the keys of all its options. */
function rowsOf(group: keyof typeof READING_KEYS) {
  const byCommand = Map.groupBy(READING_KEYS[group], ({ command }) => command)
  return [...byCommand.values()].map((bindings) => ({
    keys: bindings.map(({ keys }) => keys.join('+').replace('mod', 'Ctrl')),
    labels: [...new Set(bindings.map(labelOf))],
  }))
}

function KeyRow({ keys, text }: { keys: readonly string[]; text: string }) {
  return (
    <>
      <dt>
        {keys.map((key) => (
          <span key={key}>
            <kbd>{key}</kbd>{' '}
          </span>
        ))}
      </dt>
      <dd>{text}</dd>
    </>
  )
}
