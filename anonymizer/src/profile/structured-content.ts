/** Table E.3.4-1 of PS3.15: what to do with a content item, by the code of its concept name. */
import { STRUCTURED_CONTENT_TEXT } from './generated/structured-content.ts'
import { lettersOf, type Option } from './options.ts'

export interface ConceptRow {
  /** X, D or X/D. */
  readonly basic: string
  readonly under: ReadonlyMap<Option, 'K' | 'C'>
}

const rows = new Map<string, ConceptRow>()
for (const line of STRUCTURED_CONTENT_TEXT.split('\n')) {
  const [code = '', scheme = '', , basic = '', letters = ''] = line.split('\t')
  rows.set(`${code} ${scheme}`, { basic, under: lettersOf(letters) })
}

/** undefined: the table does not name the concept. */
export function conceptRow(codeValue: string, scheme: string): ConceptRow | undefined {
  return rows.get(`${codeValue} ${scheme}`)
}
