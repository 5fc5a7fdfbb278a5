/** The data dictionary (PS3.6): VR and keyword of a tag, repeating groups (50xx, 60xx) included. */
import { DICTIONARY_TEXT } from './generated/dictionary.ts'
import { type Tag, VRS, type Vr } from './model.ts'

export interface DictionaryEntry {
  readonly vr: Vr
  readonly keyword: string
  readonly isRetired: boolean
}

const exact = new Map<string, DictionaryEntry>()
const masked: { pattern: RegExp; entry: DictionaryEntry }[] = []
const tagByKeyword = new Map<string, Tag>()

for (const line of DICTIONARY_TEXT.split('\n')) {
  const [tag = '', vr = 'UN', keyword = '', retired = ''] = line.split(' ')
  const entry = { vr: VRS.find((each) => each === vr) ?? 'UN', keyword, isRetired: retired === 'R' }
  if (tag.includes('x')) {
    masked.push({ pattern: new RegExp(`^${tag.replaceAll('x', '[0-9A-F]')}$`), entry })
  } else {
    exact.set(tag, entry)
    tagByKeyword.set(keyword, tag)
  }
}

/** undefined for private tags and for what the standard does not know. */
export function dictionaryEntry(tag: Tag): DictionaryEntry | undefined {
  if (isPrivate(tag)) return undefined
  return exact.get(tag) ?? masked.find(({ pattern }) => pattern.test(tag))?.entry
}

/** The keyword, or the tag itself when there is none. */
export function keywordOf(tag: Tag): string {
  return dictionaryEntry(tag)?.keyword ?? (isPrivate(tag) ? 'Private' : tag)
}

/** Throws RangeError for a keyword the dictionary does not know (a mistake in our own code). */
export function tagOf(keyword: string): Tag {
  const tag = tagByKeyword.get(keyword)
  if (tag === undefined) throw new RangeError(`no attribute has the keyword ${keyword}`)
  return tag
}

/** Groups of odd number are private (PS3.5 7.8). */
export function isPrivate(tag: Tag): boolean {
  return ODD_DIGITS.includes(tag.charAt(3))
}

const ODD_DIGITS = '13579BDF'

/** Eight upper-case hexadecimal digits. */
export function isTag(text: string): boolean {
  return /^[0-9A-F]{8}$/.test(text)
}
