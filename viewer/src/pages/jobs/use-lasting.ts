/** How long something lasts, in words of the reader's language. */
import { useTranslation } from 'react-i18next'
import { durationOf } from './jobs.model.ts'

export function useLasting(): (ms: number) => string {
  const { t } = useTranslation()
  return (ms) => {
    const { unit, ...parts } = durationOf(ms)
    return t(`jobs.lasting.${unit}`, parts)
  }
}
