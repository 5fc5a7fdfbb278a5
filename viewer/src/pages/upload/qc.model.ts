/** What still keeps an upload from being approved, and what a person has seen of a series. Pure. */
import {
  type FramesOfFile,
  framesToSee,
  type PixelFinding,
  type UploadDetail,
  type UploadImage,
  unseenFrames,
} from '@pandok/contract'

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

/** A frame from 1 of a file. */
export interface SeriesFrame {
  readonly image: UploadImage
  readonly frame: number
}

/** In the order in which they are paged through. */
export function framesOfSeries(images: readonly UploadImage[]): SeriesFrame[] {
  return images.flatMap((image) =>
    Array.from({ length: image.numberOfFrames }, (_, at) => ({ image, frame: at + 1 })),
  )
}

/** Where to begin: at the first text that was found, else in the middle. */
export function startAt(frames: readonly SeriesFrame[], findings: readonly PixelFinding[]): number {
  return placesOf(frames, framesWithText(findings))[0] ?? Math.floor(frames.length / 2)
}

export function framesWithText(findings: readonly PixelFinding[]): FramesOfFile[] {
  return findings.map(({ sha256, frames }) => ({
    sha256,
    frames: frames.map((each) => each.frame),
  }))
}

/** Places in `frames` of those that are named, ascending. */
export function placesOf(frames: readonly SeriesFrame[], named: readonly FramesOfFile[]): number[] {
  const keys = new Set(named.flatMap((file) => file.frames.map((frame) => keyOf(file, frame))))
  return frames.flatMap(({ image, frame }, at) => (keys.has(keyOf(image, frame)) ? [at] : []))
}

/** What has been on the screen, with one frame more. */
export function withShown(
  shown: readonly FramesOfFile[],
  { image, frame }: SeriesFrame,
): readonly FramesOfFile[] {
  const { sha256 } = image
  const known = shown.find((file) => file.sha256 === sha256)
  if (known === undefined) return [...shown, { sha256, frames: [frame] }]
  if (known.frames.includes(frame)) return shown
  const more = { sha256, frames: [...known.frames, frame] }
  return shown.map((file) => (file === known ? more : file))
}

/** How many frames the rule asks for, and the places in `frames` of those not shown yet. */
export function stillToSee(
  images: readonly UploadImage[],
  findings: readonly PixelFinding[],
  shown: readonly FramesOfFile[],
): { readonly asked: number; readonly unseen: readonly number[] } {
  const asked = framesToSee(images, findings)
  return {
    asked: asked.reduce((sum, file) => sum + file.frames.length, 0),
    unseen: placesOf(framesOfSeries(images), unseenFrames(asked, shown)),
  }
}

function keyOf({ sha256 }: { readonly sha256: string }, frame: number): string {
  return `${sha256} ${frame}`
}
