/** The sheet of keys that `?` opens. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useKey } from '../data/use-key.ts'
import { Button, Dialog } from '../ui/index.ts'

const SHEET = [
  [
    'general',
    [
      ['sheet', ['?']],
      ['escape', ['Esc']],
      ['confirm', ['Enter']],
    ],
  ],
  ['worklist', [['next', ['n']]]],
  [
    'reading',
    [
      ['tools', ['w', 'b', 'e', 'm', 'p', 'c']],
      ['radius', ['[', ']']],
      ['presets', ['1', '2', '3']],
      ['undo', ['Ctrl+Z', 'Ctrl+Y']],
      ['show', ['v']],
    ],
  ],
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
          {SHEET.map(([group, rows]) => (
            <section key={group} className="stack">
              <h3>{t(`keys.groups.${group}`)}</h3>
              <dl className="keys">
                {rows.map(([what, keys]) => (
                  <KeyRow key={what} keys={keys} text={t(`keys.${what}`)} />
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
