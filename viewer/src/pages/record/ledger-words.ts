/**
 * What Pandok itself writes into the ledger, which is English for ever, in the reader's language. What
 * persons wrote stays as it is.
 */
import type { TFunction } from 'i18next'

export function inWords(t: TFunction, text: string, projectKey: string): string {
  if (text === `project ${projectKey}`) return t('record.thisProject')
  if (text === 'this installation') return t('record.thisInstallation')
  if (text === 'PIPA 28-2') return t('record.usualBasis')
  const address = /^network address (\S+)$/.exec(text)?.[1]
  if (address !== undefined) return t('record.address', { address })
  const number = /^release (\d+)(?:: \d+ cases, SHA-256 [\da-f]{64})?$/.exec(text)?.[1]
  return number === undefined ? text : t('record.release', { number })
}
