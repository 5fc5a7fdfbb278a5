/**
 * Has the detector look at one series. Where nothing announces text it looks at samples, and at every
 * frame as soon as it sees some.
 */
import type { LookAnswer } from '@pandok/anonymizer/web'
import {
  everyView,
  type LookedView,
  type UploadSeries,
  type View,
  viewKey,
  viewsToLookAt,
} from './upload-series.ts'

export interface Look {
  readonly looked: readonly LookedView[]
  /** Somebody has to look: it announces text, the detector sees some, or the detector failed. */
  readonly needsPerson: boolean
  /** The detector could not look at all that it should have. */
  readonly hasFailed: boolean
}

export interface LookOptions {
  readonly look: (file: number, frames: readonly number[]) => Promise<LookAnswer>
  /** What the profile says. */
  readonly profileLook: 'sample' | 'all'
  /** How many frames more are going to be looked at, and have been. */
  readonly onPlanned: (frames: number) => void
  readonly onLooked: (frames: number) => void
}

export async function lookAtSeries(series: UploadSeries, options: LookOptions): Promise<Look> {
  const looked: LookedView[] = []
  let hasFailed = false
  const lookAt = async (views: readonly View[]): Promise<void> => {
    options.onPlanned(views.length)
    for (const [file, ofFile] of Map.groupBy(views, (view) => view.file)) {
      const frames = ofFile.map(({ frame }) => frame)
      const answer = await options.look(file, frames)
      options.onLooked(frames.length)
      if (answer.kind === 'refused') hasFailed = true
      else {
        looked.push(...answer.frames.map(({ frame, boxes }) => ({ view: { file, frame }, boxes })))
      }
    }
  }
  const samples = viewsToLookAt(series, options.profileLook)
  await lookAt(samples)
  const hasText = looked.some(({ boxes }) => boxes.length > 0)
  if (hasText && series.plan === 'sample') {
    const done = new Set(samples.map(viewKey))
    await lookAt(everyView(series).filter((view) => !done.has(viewKey(view))))
  }
  return { looked, hasFailed, needsPerson: hasText || hasFailed || series.plan === 'person' }
}
