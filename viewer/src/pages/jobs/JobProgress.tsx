/** How far a running job is: files, bytes, rate, time left; what is not known is not said. */
import type { Job } from '@pandok/contract'
import { useTranslation } from 'react-i18next'
import { ProgressBar } from '../../ui/index.ts'
import { sizeOf, sizesOf } from './jobs.model.ts'
import { useLasting } from './use-lasting.ts'

export function JobProgress({ job: { progress } }: { job: Job }) {
  const { t, i18n } = useTranslation()
  const lasting = useLasting()
  if (progress === null) return <ProgressBar label={t('jobs.begins')} />
  const { files, of, bytes, ofBytes, filesPerSecond, bytesPerSecond, secondsLeft } = progress
  const number = new Intl.NumberFormat(i18n.language)
  const done = [t('jobs.files', { done: number.format(files), of: number.format(of) })]
  if (bytes !== null && ofBytes !== null) {
    done.push(t('jobs.bytes', sizesOf(i18n.language, bytes, ofBytes)))
  } else if (bytes !== null) done.push(sizeOf(i18n.language, bytes))
  const rate = rateOf()
  const isCounted = bytes !== null && ofBytes !== null && ofBytes > 0
  return (
    <ProgressBar
      label={done.join(' · ')}
      done={isCounted ? bytes : files}
      total={isCounted ? ofBytes : of}
      text={[rate, left()].filter((each) => each !== undefined).join(' · ')}
    />
  )

  function rateOf(): string | undefined {
    if (bytesPerSecond !== null && bytesPerSecond > 0) {
      return t('jobs.perSecond', { amount: sizeOf(i18n.language, bytesPerSecond) })
    }
    if (filesPerSecond === null || filesPerSecond <= 0) return undefined
    const digits = filesPerSecond < 10 ? 1 : 0
    const format = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: digits })
    return t('jobs.filesPerSecond', { amount: format.format(filesPerSecond) })
  }

  function left(): string | undefined {
    if (secondsLeft === null) return undefined
    return t('jobs.left', { time: lasting(secondsLeft * 1_000) })
  }
}
