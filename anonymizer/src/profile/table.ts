/** Table E.1-1 of PS3.15: the code of an attribute in the Basic Profile and under each option. */
import type { Tag } from '../dicom/index.ts'
import { TABLE_E1_1_TEXT } from './generated/table-e1-1.ts'
import { lettersOf, type Option } from './options.ts'

export { EDITION } from './generated/table-e1-1.ts'

export interface TableRow {
  /** As written: D, Z, X, U or a compound such as X/Z/D. */
  readonly basic: string
  /** K (keep) or C (clean) under an option. */
  readonly under: ReadonlyMap<Option, 'K' | 'C'>
}

const exact = new Map<Tag, TableRow>()
const masked: { pattern: RegExp; row: TableRow }[] = []

for (const line of TABLE_E1_1_TEXT.split('\n')) {
  const [tag = '', basic = '', letters = ''] = line.split(' ')
  const row = { basic, under: lettersOf(letters) }
  if (tag.includes('x')) {
    masked.push({ pattern: new RegExp(`^${tag.replaceAll('x', '[0-9A-F]')}$`), row })
  } else {
    exact.set(tag, row)
  }
}

/** undefined: the table does not name the attribute. */
export function tableRow(tag: Tag): TableRow | undefined {
  return exact.get(tag) ?? masked.find(({ pattern }) => pattern.test(tag))?.row
}
