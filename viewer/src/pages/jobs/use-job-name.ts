/** What a job does, in words; a newer server may know jobs that this page does not. */
import { useTranslation } from 'react-i18next'

export function useJobName(): (name: string) => string {
  const { t, i18n } = useTranslation()
  return (name) => {
    const key = `jobs.names.${name.replace('.', '-')}`
    return i18n.exists(key) ? t(key as 'jobs.names.archive-store') : name
  }
}
