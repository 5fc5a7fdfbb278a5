/** What is looked for, at which server. Enter searches. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, Field } from '../../ui/index.ts'
import type { Query } from './peers.model.ts'

const TEXTS = ['patientId', 'accessionNumber'] as const
const DATES = ['from', 'until'] as const

export function SearchForm(props: {
  readonly peerKeys: readonly string[]
  readonly isBusy: boolean
  readonly onSearch: (query: Query) => void
}) {
  const { peerKeys, isBusy, onSearch } = props
  const { t } = useTranslation()
  const [query, setQuery] = useState<Query>({
    peerKey: peerKeys[0] ?? '',
    patientId: '',
    from: '',
    until: '',
    accessionNumber: '',
  })
  const set = (name: keyof Query) => (event: { readonly target: { readonly value: string } }) =>
    setQuery({ ...query, [name]: event.target.value })
  return (
    <form
      className="panel peer-search"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isBusy) onSearch(query)
      }}
    >
      <Field label={t('peers.server')}>
        {(control) => (
          <select {...control} value={query.peerKey} onChange={set('peerKey')}>
            {peerKeys.map((key) => (
              <option key={key}>{key}</option>
            ))}
          </select>
        )}
      </Field>
      {TEXTS.map((name) => (
        <Field key={name} label={t(`peers.${name}`)}>
          {(control) => (
            <input
              {...control}
              maxLength={name === 'patientId' ? 64 : 16}
              autoComplete="off"
              spellCheck={false}
              value={query[name]}
              onChange={set(name)}
            />
          )}
        </Field>
      ))}
      {DATES.map((name) => (
        <Field key={name} label={t(`peers.${name}`)}>
          {(control) => <input {...control} type="date" value={query[name]} onChange={set(name)} />}
        </Field>
      ))}
      <Button type="submit" look="primary" disabled={isBusy}>
        {t('peers.search')}
      </Button>
    </form>
  )
}
