/** What still keeps an upload from being approved. Pure. */
import type { UploadDetail } from '@pandok/contract'

export interface QcSeries {
  readonly pseudonym: string
  readonly series: UploadDetail['studies'][number]['series'][number]
}

export function seriesOfUpload({ studies }: UploadDetail): QcSeries[] {
  return studies.flatMap(({ pseudonym, series }) =>
    series.map((each) => ({ pseudonym, series: each })),
  )
}

/** How many series wait for a decision about text, and for somebody to look at them. */
export function openQuestions(upload: UploadDetail): { undecided: number; unseen: number } {
  const all = seriesOfUpload(upload).map(({ series }) => series.pixels)
  return {
    undecided: all.filter(({ findings }) => findings.undecided > 0).length,
    unseen: all.filter(({ mustBeSeen, seenBy }) => mustBeSeen && seenBy === null).length,
  }
}
