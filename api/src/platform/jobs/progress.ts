/** Reports of a handler, written once a second at most; the last one always. */
import type { Progress, Report } from './define-job.ts'

const INTERVAL_MS = 1_000

export interface ProgressWriter {
  readonly report: Report
  /** Writes what is not written yet. */
  readonly close: () => Promise<void>
}

/** A write that fails is dropped: the next one tells more. */
export function createProgressWriter(write: (progress: Progress) => Promise<void>): ProgressWriter {
  let latest: Progress | undefined
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  let writtenAt = Number.NEGATIVE_INFINITY
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const progress = latest
    latest = undefined
    if (progress === undefined) return
    writtenAt = performance.now()
    writing = writing.then(() => write(progress)).catch(() => undefined)
  }
  return {
    report: (progress) => {
      latest = progress
      timer ??= setTimeout(flush, Math.max(0, writtenAt + INTERVAL_MS - performance.now()))
    },
    close: async () => {
      flush()
      await writing
    },
  }
}
