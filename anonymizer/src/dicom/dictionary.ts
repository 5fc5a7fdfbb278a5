/** The data dictionary (PS3.6): VR and keyword of a tag, repeating groups (50xx, 60xx) included. */
import { DICTIONARY_TEXT } from './generated/dictionary.ts'
import { type Tag, VRS, type Vr } from './model.ts'

export interface DictionaryEntry {
  readonly vr: Vr
  readonly keyword: string
  readonly isRetired: boolean
}

/** What was asked for: the whole text takes longer to read than most files have attributes. */
const entries = new Map<Tag, DictionaryEntry | undefined>()
/** What a hostile file makes up must not fill the memory. */
const MAX_ENTRIES = 20_000
let masked: readonly { pattern: RegExp; entry: DictionaryEntry }[] | undefined
let tagByKeyword: ReadonlyMap<string, Tag> | undefined

/** undefined for private tags and for what the standard does not know. */
export function dictionaryEntry(tag: Tag): DictionaryEntry | undefined {
  if (isPrivate(tag)) return undefined
  let entry = entries.get(tag)
  if (entry === undefined && !entries.has(tag)) {
    const line = lineOf(tag)
    entry = line === undefined ? maskedEntry(tag) : entryOf(line)
    if (entries.size < MAX_ENTRIES) entries.set(tag, entry)
  }
  return entry
}

function entryOf(line: string): DictionaryEntry {
  const [, vr = 'UN', keyword = '', retired = ''] = line.split(' ')
  return { vr: VRS.find((each) => each === vr) ?? 'UN', keyword, isRetired: retired === 'R' }
}

/** Lines ascend by tag. */
function lineOf(tag: Tag): string | undefined {
  let [low, high] = [0, DICTIONARY_TEXT.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const start = middle === 0 ? 0 : DICTIONARY_TEXT.lastIndexOf('\n', middle - 1) + 1
    const newline = DICTIONARY_TEXT.indexOf('\n', middle)
    const end = newline === -1 ? DICTIONARY_TEXT.length : newline
    const found = DICTIONARY_TEXT.slice(start, start + 8)
    if (found === tag) return DICTIONARY_TEXT.slice(start, end)
    if (found < tag) low = end + 1
    else high = start
  }
  return undefined
}

/** Repeating groups and the like. */
function maskedEntry(tag: Tag): DictionaryEntry | undefined {
  masked ??= DICTIONARY_TEXT.split('\n')
    .filter((line) => line.slice(0, 8).includes('x'))
    .map((line) => ({
      pattern: new RegExp(`^${line.slice(0, 8).replaceAll('x', '[0-9A-F]')}$`),
      entry: entryOf(line),
    }))
  return masked.find(({ pattern }) => pattern.test(tag))?.entry
}

/** The keyword, or the tag itself when there is none. */
export function keywordOf(tag: Tag): string {
  return dictionaryEntry(tag)?.keyword ?? (isPrivate(tag) ? 'Private' : tag)
}

/** Throws RangeError for a keyword the dictionary does not know (a mistake in our own code). */
export function tagOf(keyword: string): Tag {
  tagByKeyword ??= keywords()
  const tag = tagByKeyword.get(keyword)
  if (tag === undefined) throw new RangeError(`no attribute has the keyword ${keyword}`)
  return tag
}

function keywords(): ReadonlyMap<string, Tag> {
  const tags = new Map<string, Tag>()
  for (const line of DICTIONARY_TEXT.split('\n')) {
    const [tag = '', , keyword = ''] = line.split(' ')
    if (!tag.includes('x')) tags.set(keyword, tag)
  }
  return tags
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
