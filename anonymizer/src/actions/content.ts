/** Clean Structured Content (PS3.15 E.3.4): what to do with a content item, by its concept name. */
import { type DataSet, getItems, getString, type Tag } from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import type { Action } from '../profile/resolve.ts'
import { conceptRow } from '../profile/structured-content.ts'

export interface ContentRule {
  /** Of the item's value; 'X' takes the whole item out; undefined: by table E.1-1. */
  readonly action: 'X' | 'K' | 'D' | 'U' | 'C-text' | 'C-date' | undefined
  readonly rule: string
}

/** Attributes that can be the value of a content item (PS3.3 C.17.3). */
const VALUES: ReadonlySet<Tag> = new Set([
  '0040A120', // DateTime
  '0040A121', // Date
  '0040A122', // Time
  '0040A123', // Person Name
  '0040A124', // UID
  '0040A160', // Text Value
])

/** An item that is no content item, or whose concept is not listed, keeps its text cleaned. */
export function contentRule(item: DataSet, profile: Profile): ContentRule {
  const [concept] = getItems(item, '0040A043')
  const code = concept === undefined ? '' : getString(concept, '00080100')
  const scheme = concept === undefined ? '' : getString(concept, '00080102')
  const row = conceptRow(code, scheme)
  if (row === undefined) return { action: undefined, rule: 'E.3.4, not listed' }
  let kept = false
  for (const [option, letter] of row.under) {
    if (!profile.options.has(option)) continue
    const rule = `E.3.4 ${row.basic}, ${letter} by ${option}`
    if (letter === 'C') {
      return { action: option === 'retain-modified-dates' ? 'C-date' : 'C-text', rule }
    }
    kept = true
  }
  if (kept) return { action: 'K', rule: `E.3.4 ${row.basic}, K` }
  // A reference holds nothing but UIDs, and these are replaced as everywhere: it goes on to resolve.
  if (row.under.get('retain-uids') === 'K') {
    return { action: 'U', rule: `E.3.4 ${row.basic}, UIDs replaced` }
  }
  // Which items a template requires is not known here: a dummy is right in both cases.
  return { action: row.basic === 'X' ? 'X' : 'D', rule: `E.3.4 ${row.basic}` }
}

/** The action for an attribute of the item; undefined: as everywhere. */
export function valueAction(tag: Tag, content: ContentRule): Action | undefined {
  if (!VALUES.has(tag)) return undefined
  if (content.action === 'U' && tag === '0040A124') return 'U'
  if (content.action === undefined || content.action === 'U')
    return tag === '0040A160' ? 'C-text' : undefined
  if (tag === '0040A124') return content.action === 'K' ? 'K' : 'U'
  if (content.action === 'C-date') return tag === '0040A122' ? 'K' : 'C-date'
  return content.action
}
