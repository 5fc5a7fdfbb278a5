/**
 * The planes of an instance: where each frame lies in the patient (PS3.3 C.7.6.2), and what may tell
 * it from another at the same place. In: the metadata. Out: one plane for each frame, of an enhanced
 * image from its functional groups (C.7.6.16), the frame's own before the shared ones. Pure.
 *
 * Kept with the instance, so that nobody reads whole metadata again to know a series.
 */
import { VOLUMES_BY } from '@pandok/contract'
import { z } from 'zod'
import type { InstanceJson } from './instance-json.ts'

const Number3 = z.tuple([z.number(), z.number(), z.number()])
const Number6 = z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()])

/** Absent is what the image does not say, or says in a way that cannot be. */
export const Plane = z.object({
  positionMm: Number3.optional(),
  /** Direction cosines of the row, then of the column. */
  orientation: Number6.optional(),
  /** Between rows, then between columns. */
  pixelSpacingMm: z.tuple([z.number(), z.number()]).optional(),
  rows: z.number().optional(),
  columns: z.number().optional(),
  thicknessMm: z.number().optional(),
  frameOfReferenceUid: z.string().optional(),
  /** By what planes at one place may differ, as text: compared, never calculated with. */
  marks: z.partialRecord(z.enum(VOLUMES_BY), z.string()),
  /** How many frames it stands for, when nothing says where each of them lies. */
  frames: z.number().optional(),
})
export type Plane = z.output<typeof Plane>
export const Planes = z.array(Plane)

type Group = InstanceJson

/** [] for what is no image. */
export function planesOf(metadata: InstanceJson): Plane[] {
  const rows = positive(numbers(metadata, '00280010')[0])
  const columns = positive(numbers(metadata, '00280011')[0])
  if (rows === undefined && columns === undefined) return []
  const frames = numbers(metadata, '00280008')[0] ?? 1
  const [shared] = items(metadata, '52009229')
  const perFrame = items(metadata, '52009230')
  const isEnhanced = shared !== undefined || perFrame.length > 0
  const plane = (groups: Groups, count: number) =>
    compact({
      // Where the frames of a classic multi-frame image lie, nothing says (PS3.3 C.7.6.6).
      positionMm: count === 1 ? positionOf(metadata, groups) : undefined,
      orientation: orientationOf(groupOf(metadata, groups, '00209116')),
      pixelSpacingMm: spacingOf(groupOf(metadata, groups, '00289110')),
      rows,
      columns,
      thicknessMm: positive(numbers(groupOf(metadata, groups, '00289110'), '00180050')[0]),
      frameOfReferenceUid: text(metadata, '00200052'),
      marks: marksOf(metadata, groups),
      frames: count === 1 ? undefined : count,
    })
  const common = shared === undefined ? [] : [shared]
  if (!isEnhanced) return [plane(undefined, frames)]
  if (perFrame.length === 0) return [plane(common, frames)]
  // Some are cut down to few frames and keep the groups of all.
  return perFrame.slice(0, frames).map((own) => plane([own, ...common], 1))
}

/** Keywords of what a plane lacks to have a place in the patient. */
export function missingIn(plane: Plane): string[] {
  const needed: readonly (readonly [unknown, string])[] = [
    [plane.positionMm, 'ImagePositionPatient'],
    [plane.orientation, 'ImageOrientationPatient'],
    [plane.pixelSpacingMm, 'PixelSpacing'],
    [plane.rows, 'Rows'],
    [plane.columns, 'Columns'],
    [plane.frameOfReferenceUid, 'FrameOfReferenceUID'],
  ]
  return needed.filter(([value]) => value === undefined).map(([, keyword]) => keyword)
}

type Groups = readonly Group[] | undefined

/** The item of a functional group's sequence; of a classic image the data set itself. */
function groupOf(metadata: InstanceJson, groups: Groups, sequence: string): Group {
  if (groups === undefined) return metadata
  for (const group of groups) {
    const [item] = items(group, sequence)
    if (item !== undefined) return item
  }
  return {}
}

function positionOf(metadata: InstanceJson, groups: Groups): Plane['positionMm'] {
  return Number3.safeParse(numbers(groupOf(metadata, groups, '00209113'), '00200032')).data
}

/** Direction cosines in DS have few digits: how far from unit length and a right angle they may be. */
const UNIT_TOLERANCE = 1e-3

function orientationOf(group: Group): Plane['orientation'] {
  const cosines = Number6.safeParse(numbers(group, '00200037')).data
  if (cosines === undefined) return undefined
  const [a, b, c, d, e, f] = cosines
  const offsets = [a * a + b * b + c * c - 1, d * d + e * e + f * f - 1, a * d + b * e + c * f]
  return offsets.every((offset) => Math.abs(offset) < UNIT_TOLERANCE) ? cosines : undefined
}

function spacingOf(group: Group): Plane['pixelSpacingMm'] {
  const [row, column] = numbers(group, '00280030').map(positive)
  return row === undefined || column === undefined ? undefined : [row, column]
}

/** Attributes that make one volume another: of a classic image, and in the groups of an enhanced one. */
const MARKS: Readonly<
  Record<
    (typeof VOLUMES_BY)[number],
    { classic: readonly string[]; enhanced: readonly (readonly string[])[] }
  >
> = {
  time: {
    classic: ['00200100'],
    enhanced: [
      ['00209111', '00209128'],
      ['00209310', '0020930D'],
    ],
  },
  echo: { classic: ['00180081', '00180086'], enhanced: [['00189114', '00189082']] },
  'b-value': { classic: ['00189087'], enhanced: [['00189117', '00189087']] },
  'diffusion-direction': {
    classic: ['00189089'],
    enhanced: [['00189117', '00189076', '00189089']],
  },
  phase: {
    classic: ['00181060'],
    enhanced: [
      ['00189118', '00209241'],
      ['00189118', '00209153'],
    ],
  },
  inversion: { classic: ['00180082'], enhanced: [['00189115', '00189079']] },
  'image-type': {
    classic: ['00080008'],
    enhanced: [
      ['00189226', '00089007'],
      ['00189329', '00089007'],
    ],
  },
  segment: { classic: [], enhanced: [['0062000A', '0062000B']] },
  acquisition: { classic: ['00200012'], enhanced: [['00209111', '00209156']] },
}

/** The attributes of an instance that `planesOf` reads. */
export const PLANE_TAGS: readonly string[] = [
  '00180050',
  '00200032',
  '00200037',
  '00200052',
  '00280008',
  '00280010',
  '00280011',
  '00280030',
  '52009229',
  '52009230',
  ...Object.values(MARKS).flatMap(({ classic }) => classic),
]

function marksOf(metadata: InstanceJson, groups: Groups): Plane['marks'] {
  const marks: Plane['marks'] = {}
  for (const kind of VOLUMES_BY) {
    const { classic, enhanced } = MARKS[kind]
    const values =
      groups === undefined
        ? classic.flatMap((tag) => metadata[tag]?.Value ?? [])
        : enhanced.flatMap((path) => valuesAt(groups, path))
    if (values.length > 0) marks[kind] = values.map(String).join('\\')
  }
  return marks
}

/** Through the first item of each sequence; of the frame's own groups before the shared ones. */
function valuesAt(groups: readonly Group[], path: readonly string[]): readonly unknown[] {
  for (const group of groups) {
    let at: Group | undefined = group
    for (const sequence of path.slice(0, -1))
      at = at === undefined ? undefined : items(at, sequence)[0]
    const values = at?.[path.at(-1) ?? '']?.Value
    if (values !== undefined) return values
  }
  return []
}

function items(group: Group, sequence: string): Group[] {
  return (group[sequence]?.Value ?? []).filter(isGroup)
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function numbers(group: Group, tag: string): number[] {
  return (group[tag]?.Value ?? []).filter((value) => typeof value === 'number')
}

function text(group: Group, tag: string): string | undefined {
  const [value] = group[tag]?.Value ?? []
  return typeof value === 'string' ? value : undefined
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined
}

/** Without the properties that are undefined. */
function compact(
  plane: { [K in keyof Plane]: Plane[K] | undefined } & Pick<Plane, 'marks'>,
): Plane {
  return Plane.parse(
    Object.fromEntries(Object.entries(plane).filter(([, value]) => value !== undefined)),
  )
}
