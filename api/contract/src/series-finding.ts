/**
 * What is odd about the geometry of an archived series (PS3.3 C.7.6.2): a closed list, each with its
 * numbers. `blocks-volume`: its planes are no one volume as they are; `warns`: they are, and a
 * reader should know. Lengths in mm; a plane is one image of the patient, be it an instance or a frame.
 */
import { z } from 'zod'

const blocks = { severity: z.literal('blocks-volume') }
const warns = { severity: z.literal('warns') }
const Count = z.number().int().positive()
const Mm = z.number()

/** What tells planes at one place apart. */
export const VOLUMES_BY = [
  'time',
  'echo',
  'b-value',
  'diffusion-direction',
  'phase',
  'inversion',
  'image-type',
  'segment',
  'acquisition',
] as const

export const SeriesFinding = z.discriminatedUnion('code', [
  /** Planes without what a place in the patient needs: the keywords of PS3.6 that are missing. */
  z.object({
    code: z.literal('MISSING_PLANE'),
    ...blocks,
    planes: Count,
    attributes: z.array(z.string()).min(1),
  }),
  z.object({ code: z.literal('MIXED_FRAME_OF_REFERENCE'), ...blocks, frames: Count }),
  /** Planes that are not parallel; spacing and tilt are not judged then. */
  z.object({
    code: z.literal('MIXED_ORIENTATION'),
    ...blocks,
    orientations: Count,
    /** Between the first plane and the one that lies most aslant. */
    degrees: z.number().nonnegative(),
  }),
  /** Other rows and columns; the sizes with most planes first. */
  z.object({
    code: z.literal('MIXED_SIZE'),
    ...blocks,
    sizes: z.array(z.object({ rows: Count, columns: Count, planes: Count })).min(2),
  }),
  z.object({
    code: z.literal('MIXED_PIXEL_SPACING'),
    ...blocks,
    spacings: Count,
    leastMm: Mm,
    mostMm: Mm,
  }),
  z.object({ code: z.literal('SINGLE_SLICE'), ...blocks }),
  /** Places with more than one plane that nothing tells apart; `planes`: how many are too many. */
  z.object({ code: z.literal('DUPLICATE_POSITION'), ...blocks, positions: Count, planes: Count }),
  /** The same places again at another time, echo and so on. `incomplete`: places that lack some. */
  z.object({
    code: z.literal('SEVERAL_VOLUMES'),
    ...blocks,
    volumes: Count,
    by: z.array(z.enum(VOLUMES_BY)).min(1),
    incomplete: z.number().int().nonnegative(),
  }),
  /** Whole slices are missing: `count` of them in `gaps` places, the first `afterMm` from the first. */
  z.object({
    code: z.literal('GAP'),
    ...blocks,
    gaps: Count,
    count: Count,
    afterMm: Mm,
    largestMm: Mm,
    expectedMm: Mm,
  }),
  /** Steps that no missing slice explains. */
  z.object({
    code: z.literal('IRREGULAR_SPACING'),
    ...blocks,
    steps: Count,
    leastMm: Mm,
    mostMm: Mm,
    expectedMm: Mm,
  }),
  /** The stack leans: a tilted gantry. */
  z.object({ code: z.literal('TILT'), ...blocks, degrees: z.number().positive() }),
  /** Planes that lie aside of the stack's axis. */
  z.object({ code: z.literal('SHIFTED'), ...blocks, planes: Count, mostMm: Mm }),
  /** Several frames in one file; they are not read as a volume yet. */
  z.object({ code: z.literal('MULTI_FRAME'), ...blocks, instances: Count, frames: Count }),
  /** The longest edge of a voxel is a multiple of the shortest: other planes are coarse. */
  z.object({
    code: z.literal('ANISOTROPY'),
    ...warns,
    ratio: z.number().positive(),
    shortestMm: Mm,
    longestMm: Mm,
  }),
])
export type SeriesFinding = z.infer<typeof SeriesFinding>
