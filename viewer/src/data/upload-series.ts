/**
 * The files of an upload by series, as their pixels have to be looked at; and what is made of it.
 * Pure: who looks and who decides are elsewhere.
 *
 * A series here is one of the originals, parted by what has to be known of its files and by the size
 * of the frames, so that a box means the same place in all of them.
 */
import type { Box, PersonReason, PixelReview, Region } from '@pandok/anonymizer'
import { createLookPlan, type FileInspection } from '@pandok/anonymizer/web'

/** A frame of one of the upload's files; `file` is its place in the upload, `frame` counts from 1. */
export interface View {
  readonly file: number
  readonly frame: number
}

interface SeriesFile {
  readonly file: number
  readonly numberOfFrames: number
  /** Where its device is known to write. */
  readonly knownRegions: readonly Region[]
  /** A list says that its kind holds text: all of it is looked at. */
  readonly isAnnounced: boolean
  readonly corners: readonly string[]
}

export interface UploadSeries {
  readonly id: string
  readonly pseudonym: string
  readonly modality: string
  readonly rows: number
  readonly columns: number
  /** `person`: somebody looks at it, whatever the detector says. */
  readonly plan: 'sample' | 'person'
  /** What its headers say that makes somebody look; undefined for samples. */
  readonly reason: PersonReason | undefined
  /** In the order of their instance numbers. */
  readonly files: readonly SeriesFile[]
}

/** Those that have pixels to be looked at. In: what is known of each file, by its place. */
export function seriesOf(files: ReadonlyMap<number, FileInspection>): UploadSeries[] {
  const inOrder = [...files]
    .filter(([, { plan }]) => plan.kind !== 'none')
    .sort(([a, one], [b, other]) => orderOf(one) - orderOf(other) || a - b)
  const groups = Map.groupBy(
    inOrder,
    ([, { seriesInstanceUid, plan, rows, columns }]) =>
      `${seriesInstanceUid} ${plan.kind} ${rows}x${columns}`,
  )
  return [...groups].flatMap(([id, members]) => {
    const [first] = members
    if (first === undefined) return []
    const [, { pseudonym, modality, rows, columns, plan }] = first
    return {
      id,
      pseudonym,
      modality,
      rows,
      columns,
      plan: plan.kind === 'person' ? 'person' : 'sample',
      reason: plan.kind === 'person' ? plan.reason : undefined,
      files: members.map(([file, { numberOfFrames, knownRegions, isAnnounced, corners }]) => ({
        file,
        numberOfFrames,
        knownRegions,
        isAnnounced,
        corners,
      })),
    }
  })
}

const orderOf = ({ instanceNumber }: FileInspection) => instanceNumber ?? Number.MAX_SAFE_INTEGER

export function everyView(series: UploadSeries): View[] {
  return series.files.flatMap(({ file, numberOfFrames }) =>
    Array.from({ length: numberOfFrames }, (_, at) => ({ file, frame: at + 1 })),
  )
}

/**
 * What the detector looks at: of a series without announcement its first, middle and last frame and
 * every frame whose border is unlike its neighbours'; of one that a person looks at anyway the same of
 * each file.
 */
export function viewsToLookAt(series: UploadSeries, look: 'sample' | 'all' = 'sample'): View[] {
  const plan = createLookPlan(look)
  const parts = series.plan === 'person' ? series.files.map((each) => [each]) : [series.files]
  return parts.flatMap((files) => {
    files.forEach(({ file, corners, isAnnounced }, position) => {
      plan.add({ id: file, seriesInstanceUid: series.id, position, corners, isAnnounced })
    })
    return plan
      .finish(series.id)
      .flatMap(({ id, frames }) => frames.map((frame) => ({ file: id, frame })))
  })
}

export const viewKey = ({ file, frame }: View): string => `${file}/${frame}`

/** `series`: all of it; `file`: all frames of the view's file; `frame`: this view alone. */
export type Reach = 'series' | 'file' | 'frame'

/** A box that is going to be blanked unless somebody takes it away. */
export interface Mark extends Box {
  readonly reach: Reach
  /** Where it was seen or drawn first. */
  readonly at: View
  readonly source: 'detector' | 'device' | 'person'
}

export interface LookedView {
  readonly view: View
  readonly boxes: readonly Box[]
}

/**
 * What is proposed to be blanked: what the table of devices says, and what the detector saw. The same
 * place in more than half of the views that were looked at is text that all have, with other words
 * perhaps: it goes in all. Anything else goes in all frames of its file. What a box of the table covers
 * is not said twice.
 */
export function proposeMarks(series: UploadSeries, looked: readonly LookedView[]): Mark[] {
  const known = series.files.flatMap(({ file, knownRegions }) =>
    knownRegions.map((region) => ({ view: { file, frame: 1 }, box: boxOf(region) })),
  )
  const device = marksFrom(clusters(known, isSame), series.files.length, 'device')
  const found = looked.flatMap(({ view, boxes }) =>
    boxes
      .filter((box) => !device.some((mark) => isMarkedIn(mark, view) && isWithin(box, mark)))
      .map((box) => ({ view, box: boxOf(box) })),
  )
  return [...device, ...marksFrom(clusters(found, isAlike), looked.length, 'detector')]
}

interface Sighting {
  readonly view: View
  readonly box: Box
}
interface Cluster {
  readonly box: Box
  readonly sightings: readonly Sighting[]
}

function clusters(
  sightings: readonly Sighting[],
  isOneOf: (one: Box, other: Box) => boolean,
): Cluster[] {
  const found: Cluster[] = []
  for (const sighting of sightings) {
    const at = found.findIndex(({ box }) => isOneOf(box, sighting.box))
    const known = found[at]
    if (known === undefined) found.push({ box: sighting.box, sightings: [sighting] })
    else {
      found[at] = {
        box: unionOf(known.box, sighting.box),
        sightings: [...known.sightings, sighting],
      }
    }
  }
  return found
}

function marksFrom(found: readonly Cluster[], views: number, source: Mark['source']): Mark[] {
  return found.flatMap(({ box, sightings }): Mark[] => {
    const [first] = sightings
    if (first === undefined) return []
    const seenIn = new Set(sightings.map(({ view }) => viewKey(view))).size
    if (seenIn * 2 > views) return [{ ...box, reach: 'series', at: first.view, source }]
    const files = Map.groupBy(sightings, ({ view }) => view.file)
    return [...files.values()].flatMap((ofFile) => {
      const [at] = ofFile
      if (at === undefined) return []
      const whole = ofFile.reduce((sum, each) => unionOf(sum, each.box), at.box)
      return { ...whole, reach: 'file', at: at.view, source }
    })
  })
}

const boxOf = ({ left, top, width, height }: Box): Box => ({ left, top, width, height })

const isSame = (one: Box, other: Box): boolean =>
  one.left === other.left &&
  one.top === other.top &&
  one.width === other.width &&
  one.height === other.height

const isWithin = (inner: Box, outer: Box): boolean => isSame(unionOf(inner, outer), boxOf(outer))

/** Half of what both cover together is in both. */
function isAlike(one: Box, other: Box): boolean {
  const width =
    Math.min(one.left + one.width, other.left + other.width) - Math.max(one.left, other.left)
  const height =
    Math.min(one.top + one.height, other.top + other.height) - Math.max(one.top, other.top)
  const common = Math.max(0, width) * Math.max(0, height)
  const both = one.width * one.height + other.width * other.height - common
  return common * 2 >= both
}

function unionOf(one: Box, other: Box): Box {
  const left = Math.min(one.left, other.left)
  const top = Math.min(one.top, other.top)
  return {
    left,
    top,
    width: Math.max(one.left + one.width, other.left + other.width) - left,
    height: Math.max(one.top + one.height, other.top + other.height) - top,
  }
}

export function isMarkedIn(mark: Mark, view: View): boolean {
  if (mark.reach === 'series') return true
  if (mark.at.file !== view.file) return false
  return mark.reach === 'file' || mark.at.frame === view.frame
}

/**
 * What the engine is told about each file. One of a series that nobody had to look at is only said to
 * be seen when it was, every frame of it, or when something in it is blanked.
 */
export function reviewsOf(
  series: UploadSeries,
  marks: readonly Mark[],
  seen: ReadonlySet<string>,
): Map<number, PixelReview | undefined> {
  return new Map(
    series.files.map(({ file, numberOfFrames }) => {
      const regions = regionsIn(file, marks)
      const isSeen = Array.from({ length: numberOfFrames }, (_, at) => at + 1).every((frame) =>
        seen.has(viewKey({ file, frame })),
      )
      const isReviewed = series.plan === 'person' || regions.length > 0 || isSeen
      return [file, isReviewed ? { regions } : undefined]
    }),
  )
}

function regionsIn(file: number, marks: readonly Mark[]): Region[] {
  return marks
    .filter((mark) => mark.reach === 'series' || mark.at.file === file)
    .map((mark) => ({ ...boxOf(mark), frames: mark.reach === 'frame' ? [mark.at.frame] : 'all' }))
}
