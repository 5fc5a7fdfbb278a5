/** What a page shows when the server said no: not allowed, or failed with a way to try again. */
import { PandokError } from '@pandok/contract'
import { useTranslation } from 'react-i18next'
import { EmptyState, ErrorState } from '../ui/index.ts'

export function QueryError({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useTranslation()
  const code = codeOf(error)
  if (code === 'FORBIDDEN') return <EmptyState title={t('noPermission')} />
  return (
    <ErrorState
      title={t('failed')}
      message={error instanceof PandokError ? error.message : ''}
      code={code}
      retryLabel={t('retry')}
      onRetry={retry}
    />
  )
}

export function codeOf(error: unknown): string {
  return error instanceof PandokError ? error.code : 'NETWORK'
}
