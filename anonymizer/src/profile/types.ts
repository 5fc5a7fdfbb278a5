/**
 * The Type (PS3.5 7.4) of an attribute in the IOD of an instance, which decides what a compound
 * code of table E.1-1 means. Without its condition an attribute of Type 1C or 2C need not be there
 * (conditions.ts). A condition that nobody can judge counts as met: what is present stays present, as
 * a dummy or empty, which is as safe as without it and conforms in both cases.
 */
import type { DataSet } from '../dicom/index.ts'
import { type Condition, conditionOf } from './conditions.ts'
import { IODS_TEXT, MODULE_TYPES_TEXT } from './generated/types.ts'

/**
 * 1 includes 1C, 2 includes 2C; 3 also when no module of the IOD names it; undefined: not named, and
 * not all modules are known.
 */
export type AttributeType = 1 | 2 | 3 | undefined

interface Iod {
  readonly id: string
  /** It has the Image Pixel module. */
  readonly isImage: boolean
  /** False: some module's Types are not known. */
  readonly isWhole: boolean
  readonly modules: readonly string[]
}

const iods = new Map<string, Iod>()
for (const line of IODS_TEXT.split('\n')) {
  const [uid = '', id = '', kind, completeness, ...modules] = line.split(' ')
  iods.set(uid, { id, isImage: kind === 'image', isWhole: completeness === 'whole', modules })
}

interface Entry {
  readonly type: 1 | 2 | 3
  /** Of 1C and 2C, when an instance can answer it. */
  readonly condition: Condition | undefined
}

const moduleTypes = new Map<string, ReadonlyMap<string, Entry>>()
for (const line of MODULE_TYPES_TEXT.split('\n')) {
  const [id = '', ...entries] = line.split(' ')
  moduleTypes.set(
    id,
    new Map(
      entries.map((entry) => {
        const [path = '', type = ''] = entry.split('=')
        const condition = type.endsWith('C') ? conditionOf(id, path) : undefined
        return [path, { type: type.startsWith('1') ? 1 : type.startsWith('2') ? 2 : 3, condition }]
      }),
    ),
  )
}

/** The IOD of a storage SOP class, such as ct-image; undefined: not one of the standard's. */
export function iodOf(sopClassUid: string): string | undefined {
  return iods.get(sopClassUid)?.id
}

/** Whether instances of the SOP class hold pixels. */
export function isImage(sopClassUid: string): boolean {
  return iods.get(sopClassUid)?.isImage === true
}

export interface Typed {
  readonly type: AttributeType
  /** Another instance, with other values, may have it otherwise. */
  readonly isConditional: boolean
}

/**
 * `path`: tags from the outside in, with dots: 00081115.00080080. `siblings`: what stands beside the
 * attribute; undefined: every condition counts as met.
 */
export function typeOf(sopClassUid: string, path: string, siblings: DataSet | undefined): Typed {
  const iod = iods.get(sopClassUid)
  if (iod === undefined) return { type: undefined, isConditional: false }
  let strictest: AttributeType = iod.isWhole ? 3 : undefined
  let isConditional = false
  for (const module of iod.modules) {
    const entry = moduleTypes.get(module)?.get(path)
    if (entry === undefined) continue
    isConditional ||= entry.condition !== undefined
    const isUnmet = siblings !== undefined && entry.condition?.(siblings) === false
    const type = isUnmet ? 3 : entry.type
    if (type < (strictest ?? 4)) strictest = type
  }
  return { type: strictest, isConditional }
}
