/**
 * What in a text points to a person: the identifiers that the same instance holds elsewhere, and
 * what looks like one by its form. Used to clean descriptors (PS3.15 E.3.5) and to make sure that no
 * kept text repeats what was taken out.
 */
import {
  characterSetOf,
  type DataSet,
  type Element,
  isAscii,
  stringsOf,
  type Tag,
} from '../dicom/index.ts'

export interface Identifiers {
  /** Without the identifiers of this instance, e-mail addresses and resident numbers. */
  readonly removeKnown: (text: string) => string
  /** Without dates, telephone numbers and titled names as well. */
  readonly removeAll: (text: string) => string
}

/** Gives what `make` gives, perhaps from before. */
export type PatternMemo = (
  element: Element,
  characterSet: string,
  make: () => string[],
) => readonly string[]

/** Attributes whose whole value is an identifier wherever it appears; names are found by their VR. */
const IDENTIFYING: ReadonlySet<Tag> = new Set([
  '00080050', // Accession Number
  '00080092', // Referring Physician's Address
  '00080094', // Referring Physician's Telephone Numbers
  '00100020', // Patient ID
  '00101000', // Other Patient IDs
  '00101040', // Patient's Address
  '00101050', // Insurance Plan Identification
  '00101090', // Medical Record Locator
  '00102154', // Patient's Telephone Numbers
  '00102155', // Patient's Telecom Information
  '00120040', // Clinical Trial Subject ID
  '00120042', // Clinical Trial Subject Reading ID
  '00200010', // Study ID
  '00380010', // Admission ID
  '00380060', // Service Episode ID
  '00400009', // Scheduled Procedure Step ID
  '00400253', // Performed Procedure Step ID
  '00401001', // Requested Procedure ID
  '00402016', // Placer Order Number / Imaging Service Request
  '00402017', // Filler Order Number / Imaging Service Request
])
const INSTITUTION: ReadonlySet<Tag> = new Set([
  '00080080', // Institution Name
  '00080081', // Institution Address
])
const BIRTH_DATE: Tag = '00100030'

/** Shorter ones say nothing and would take numbers out of clinical words. */
const MIN_ID = 4
const MIN_LATIN_NAME = 3
const MAX_WORDS = 500
const LONG_WORD = 7

const EMAIL = String.raw`[\w.+-]+@[\w-]+(?:\.[\w-]+)+`
/** Korean resident or foreigner registration number: date of birth, sex and century, six digits. */
const RESIDENT = String.raw`(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\s?-?\s?[1-8]\d{6}(?!\d)`
const PHONE = String.raw`(?<![\d.])(?:\+\d{1,3}[-. ]?\(?\d{1,3}\)?|\(?0\d{1,2}\)?)[-. ]?\d{3,4}[-. ]?\d{4}(?!\d)`
const MONTH = String.raw`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?`
const DATES = [
  String.raw`(?<!\d)(?:19|20)\d{2}\s?[-./년]\s?(?:0?[1-9]|1[0-2])\s?[-./월]\s?(?:0?[1-9]|[12]\d|3[01])(?:\s?일|(?!\d))`,
  String.raw`(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)`,
  String.raw`(?<!\d)(?:0?[1-9]|[12]\d|3[01])\s?[-./]\s?(?:0?[1-9]|[12]\d|3[01])\s?[-./]\s?(?:19|20)\d{2}(?!\d)`,
  String.raw`(?<![\p{L}\d])(?:\d{1,2}[ -])?${MONTH}[ -](?:\d{1,2},? )?(?:19|20)\d{2}(?!\d)`,
]
const TITLED = String.raw`(?<!\p{L})(?:dr|prof|mr|mrs|ms)\.? \p{L}[\p{L}'-]+`

const FORMS = new RegExp([EMAIL, RESIDENT].join('|'), 'giu')
const MORE_FORMS = new RegExp([...DATES, PHONE, TITLED].join('|'), 'giu')

/**
 * Patterns of what names the subject in the original data set: at this moment only, values of a
 * person are in our hands. Longer ones first, for a part must not spoil the whole.
 */
export function identifierPatterns(
  dataSet: DataSet,
  isInstitutionKept: boolean,
  memo: PatternMemo,
): string[] {
  const patterns = new Set<string>()
  const characterSet = characterSetOf(dataSet)
  const key = characterSet.join('\n')
  for (const element of dataSet.values()) {
    const own = memo(element, key, () => patternsIn(element, characterSet, isInstitutionKept))
    for (const pattern of own) patterns.add(pattern)
  }
  return [...patterns].sort((a, b) => b.length - a.length).slice(0, MAX_WORDS)
}

export function identifiersFrom(patterns: readonly string[]): Identifiers {
  const own = patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'giu')
  const removeKnown = (text: string) => {
    const without = own === undefined ? text : text.replace(own, '')
    return tidy(text, without.replace(FORMS, ''))
  }
  return {
    removeKnown,
    removeAll: (text) => {
      const without = own === undefined ? text : text.replace(own, '')
      return tidy(text, without.replace(FORMS, '').replace(MORE_FORMS, ''))
    },
  }
}

/** Those of a sequence are those of its items, at every level. */
function patternsIn(
  element: Element,
  characterSet: readonly string[],
  isInstitutionKept: boolean,
): string[] {
  if (element.kind !== 'sequence') return patternsOf(element, characterSet, isInstitutionKept)
  return element.items.flatMap((item) => {
    const own = characterSetOf(item)
    const inner = own.length > 0 ? own : characterSet
    return [...item.values()].flatMap((each) => patternsIn(each, inner, isInstitutionKept))
  })
}

function patternsOf(
  element: Element,
  characterSet: readonly string[],
  isInstitutionKept: boolean,
): string[] {
  const { tag, vr } = element
  if (vr === 'PN') return stringsOf(element, characterSet).flatMap(namePatterns)
  if (tag === BIRTH_DATE) return stringsOf(element, characterSet).flatMap(birthPatterns)
  if (IDENTIFYING.has(tag) || (INSTITUTION.has(tag) && !isInstitutionKept)) {
    return stringsOf(element, characterSet)
      .filter((text) => text.length >= MIN_ID)
      .map(wordPattern)
  }
  return []
}

/** Family and given name alone, together in both orders, with anything or nothing between. */
function namePatterns(name: string): string[] {
  const patterns: string[] = []
  for (const group of name.split('=')) {
    const parts = group.split(/[\^\s,.]+/).filter((part) => part !== '')
    for (const part of parts) {
      if (isLong(part)) patterns.push(wordPattern(part))
    }
    const [first, second] = parts
    if (first === undefined || second === undefined) continue
    for (const [a, b] of [
      [first, second],
      [second, first],
    ] as const) {
      patterns.push(bounded(`${escaped(a)}[\\s^,._=-]*${escaped(b)}`, `${a}${b}`))
    }
  }
  return patterns
}

/** Single letters, and short Latin parts such as An or No, are words of their own. */
function isLong(part: string): boolean {
  return isAscii(part) ? part.length >= MIN_LATIN_NAME : part.length >= 2
}

function birthPatterns(date: string): string[] {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(date)
  if (parts === null) return []
  const [, year = '', month = '', day = ''] = parts
  return [`(?<!\\d)${year}\\D{0,2}${month}\\D{0,2}${day}(?!\\d)`]
}

function wordPattern(word: string): string {
  return bounded(escaped(word).replace(/\s+/g, '\\s+'), word)
}

/**
 * Short Latin words end at other letters, short numbers at others too: Paris is no part of comparison.
 * Long ones are found within words; Korean, Chinese and Japanese ones have endings attached.
 */
function bounded(pattern: string, text: string): string {
  if (!isAscii(text) || text.length >= LONG_WORD) return pattern
  if (/^[a-z]+$/i.test(text)) return `(?<!\\p{L})${pattern}(?!\\p{L})`
  return `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** What removal leaves behind: double spaces, separators without a neighbour. */
function tidy(before: string, after: string): string {
  if (after === before) return before
  return after
    .replace(/[ \t]{2,}/g, ' ')
    .replace(/ ?([,;:/_-] ?){2,}/g, ' ')
    .replace(/(^|\\)[ ,;:/_-]+/g, '$1')
    .replace(/[ ,;:/_-]+(\\|$)/g, '$1')
}
