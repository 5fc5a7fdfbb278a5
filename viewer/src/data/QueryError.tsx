/** What a page shows when the server said no: not allowed, or failed with a way to try again. */
import { PandokError } from '@pandok/contract'
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'
import { EmptyState, ErrorState } from '../ui/index.ts'

export function QueryError({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation()
  const code = codeOf(error)
  if (code === 'FORBIDDEN') return <EmptyState title={t('noPermission')} />
  return (
    <ErrorState
      title={t('failed')}
      message={wordsOf(code)}
      code={code}
      retryLabel={t('retry')}
      onRetry={retry}
    />
  )
}

/** One line for a passing note: why it did not work, in words, with the code. */
export function failureOf(error: unknown): string {
  const code = codeOf(error)
  return `${wordsOf(code)} (${code})`
}

export function codeOf(error: unknown): string {
  return error instanceof PandokError ? error.code : 'NETWORK'
}

/** A newer server may know codes that this page does not. */
function wordsOf(code: string): string {
  return i18next.exists(`problems.${code}`)
    ? i18next.t(`problems.${code}` as 'problems.NETWORK')
    : i18next.t('failed')
}
