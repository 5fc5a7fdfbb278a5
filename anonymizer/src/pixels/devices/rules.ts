/** Rules of published lists on devices that write into pixels, as data, and whether one matches. */
import {
  type DataSet,
  type DicomFile,
  getNumbers,
  getStrings,
  type Tag,
} from '../../dicom/index.ts'
import type { Box } from '../model.ts'
import { DEVICES_TEXT } from './generated/devices.ts'

export interface DeviceRule {
  /** region: text is in `boxes`; reject: it is somewhere. */
  readonly kind: 'region' | 'reject'
  readonly boxes: readonly Box[]
  /** All must hold, of each at least one test. */
  readonly conditions: readonly (readonly Test[])[]
}

interface Test {
  readonly tag: Tag
  readonly operator: string
  /** In small letters. */
  readonly text: string
}

/** Code meanings stand in items of sequences (dose reports). */
const CODE_MEANING = '00080104'

export const DEVICE_RULES: readonly DeviceRule[] = DEVICES_TEXT.split('\n').map((line) => {
  const [, kind = '', boxes = '', ...conditions] = line.split('\t')
  return {
    kind: kind === 'region' ? kind : 'reject',
    boxes: boxes.split(' ').filter(Boolean).map(parseBox),
    conditions: conditions.map((any) => any.split('|').map(parseTest)),
  }
})

function parseBox(text: string): Box {
  const [left = 0, top = 0, width = 0, height = 0] = text.split(',').map(Number)
  return { left, top, width, height }
}

function parseTest(text: string): Test {
  return {
    tag: text.slice(0, 8),
    operator: text.charAt(8),
    text: text.slice(9).toLowerCase(),
  }
}

/** The parts of a file that rules ask for: `meta` holds group 0002. */
export type Header = Pick<DicomFile, 'meta' | 'dataSet'>

/** Rules that match, in their order. Each attribute is looked up once. */
export function matchingRules({ meta, dataSet }: Header): readonly DeviceRule[] {
  const known = new Map<Tag, readonly string[] | undefined>()
  const look = (tag: Tag) => {
    if (known.has(tag)) return known.get(tag)
    const place = tag.startsWith('0002') ? meta : dataSet
    const found = lowered(place, tag)
    known.set(tag, found)
    return found
  }
  return DEVICE_RULES.filter((rule) =>
    rule.conditions.every((any) => any.some((test) => holds(test, look(test.tag)))),
  )
}

/** Values in small letters; undefined: the attribute is absent. */
function lowered(place: DataSet, tag: Tag): readonly string[] | undefined {
  const isAnywhere = tag === CODE_MEANING
  if (!isAnywhere && !place.has(tag)) return undefined
  const values = isAnywhere ? valuesAnywhere(place, tag) : valuesOf(place, tag)
  return values.map((value) => value.toLowerCase())
}

function holds({ operator, text }: Test, values: readonly string[] | undefined): boolean {
  switch (operator) {
    case '!':
      return values === undefined
    case '0':
      return values?.length === 0
    case '=':
      return values?.includes(text) === true
    default:
      return values?.some((value) => value.includes(text)) === true
  }
}

function valuesOf(dataSet: DataSet, tag: Tag): string[] {
  const isBinary = dataSet.get(tag)?.vr === 'US'
  return isBinary ? getNumbers(dataSet, tag).map(String) : getStrings(dataSet, tag)
}

function valuesAnywhere(dataSet: DataSet, tag: Tag): string[] {
  const inner = [...dataSet.values()].flatMap((element) =>
    element.kind === 'sequence' ? element.items.flatMap((item) => valuesAnywhere(item, tag)) : [],
  )
  return [...valuesOf(dataSet, tag), ...inner]
}
