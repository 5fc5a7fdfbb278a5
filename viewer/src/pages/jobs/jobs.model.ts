/**
 * What the page of jobs says of a job: what is lost with it, its attempts one by one, how soon to ask
 * again; durations and sizes. Pure.
 */
import type { Job, JobAttempt } from '@pandok/contract'

export const FILTERS = ['all', 'running', 'queued', 'failed'] as const
export type Filter = (typeof FILTERS)[number]

/** What is lost when nobody goes on with the job. */
export const endingOf = (name: string) => ENDINGS[name] ?? 'nothing'
const ENDINGS: Readonly<Record<string, 'upload' | 'archive' | 'look' | 'release' | 'import'>> = {
  'deidentification.check': 'upload',
  'deidentification.look': 'look',
  'archive.store': 'archive',
  'releases.build': 'release',
  'intake.import-study': 'import',
}

export interface ShownAttempt {
  readonly number: number
  readonly startedAt: string
  /** Absent while it runs. */
  readonly endedAt: string | undefined
  readonly reason: string | undefined
  readonly worker: JobAttempt['worker'] | undefined
}

/** Oldest first. The latest is the job's own, unless it waits again: then it is among the past. */
export function attemptsOf(job: Job): ShownAttempt[] {
  const all: Omit<ShownAttempt, 'number'>[] = [...job.pastAttempts]
  if (job.state !== 'queued' && job.startedAt !== null) {
    all.push({
      startedAt: job.startedAt,
      endedAt: job.finishedAt ?? undefined,
      reason: job.state === 'running' ? undefined : (job.reason ?? undefined),
      worker: job.worker ?? undefined,
    })
  }
  return all.map((attempt, at) => ({ number: at + 1, ...attempt }))
}

/** Often while something moves, seldom while nothing does. */
export function refreshMs(counts: { running: number; queued: number } | undefined): number {
  if (counts === undefined) return 10_000
  if (counts.running > 0) return 2_000
  return counts.queued > 0 ? 4_000 : 15_000
}

export type Duration =
  | { readonly unit: 'seconds'; readonly seconds: number }
  | { readonly unit: 'minutes'; readonly minutes: number; readonly seconds: number }
  | { readonly unit: 'hours'; readonly hours: number; readonly minutes: number }

/** In the two largest units; the smallest shown is one second. */
export function durationOf(ms: number): Duration {
  const seconds = Math.max(1, Math.round(ms / 1_000))
  if (seconds < 60) return { unit: 'seconds', seconds }
  if (seconds < 3_600) {
    return { unit: 'minutes', minutes: Math.floor(seconds / 60), seconds: seconds % 60 }
  }
  const minutes = Math.round(seconds / 60)
  return { unit: 'hours', hours: Math.floor(minutes / 60), minutes: minutes % 60 }
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** Both in the unit of the larger, such as `0.4 / 1.2 GB`. */
export function sizesOf(language: string, done: number, of: number): { done: string; of: string } {
  const at = Math.min(SIZES.length - 1, Math.floor(Math.log10(Math.max(1, of)) / 3))
  const scaled = (bytes: number) => bytes / 1_000 ** at
  const digits = at === 0 || scaled(of) >= 100 ? 0 : 1
  const shape = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  const unit = SIZES[at] ?? 'byte'
  return {
    done: new Intl.NumberFormat(language, shape).format(scaled(done)),
    of: new Intl.NumberFormat(language, { ...shape, style: 'unit', unit }).format(scaled(of)),
  }
}

export const sizeOf = (language: string, bytes: number) => sizesOf(language, bytes, bytes).of

/** `5 minutes ago`; undefined for what is older than a day: then the date says more. */
export function agoOf(language: string, at: string, now: number): string | undefined {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1_000))
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  if (seconds < 60) return format.format(0, 'second')
  if (seconds < 3_600) return format.format(-Math.floor(seconds / 60), 'minute')
  return seconds < 86_400 ? format.format(-Math.floor(seconds / 3_600), 'hour') : undefined
}
