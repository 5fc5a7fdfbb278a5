/**
 * What in a text points to a person: the identifiers that the same instance holds elsewhere, and
 * what looks like one by its form. Used to clean descriptors (PS3.15 E.3.5) and to make sure that no
 * kept text repeats what was taken out.
 */
import {
  characterSetOf,
  type DataSet,
  DicomError,
  dictionaryEntry,
  type Element,
  isAscii,
  stringsOf,
  swapped,
  type Tag,
} from '../dicom/index.ts'
import { isBinary, isWordless, wordsIn } from './words.ts'

export interface Identifiers {
  /** Without the identifiers of this instance, e-mail addresses and resident numbers. */
  readonly removeKnown: (text: string) => string
  /** Without dates, telephone numbers and titled names as well. */
  readonly removeAll: (text: string) => string
  /** Whether it holds one of this instance; what only looks like one is not asked. */
  readonly isFoundIn: (text: string) => boolean
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
/** More identifiers, or more text times identifiers, than any file needs: searching would take too long. */
const MAX_PATTERNS = 2_000
const MAX_SEARCH = 200_000_000
/** What the forms below cost, in patterns. */
const FORMS_COST = 20
const LONG_WORD = 7
const MIN_SPELLED = 5
const MIN_GROUPED = 7
/** Of a name: more are hardly parts of one. */
const MAX_PARTS = 5
/** VRs of two, four and eight bytes. */
const WORDS = ['US', 'UL', 'FD'] as const
/** Who wrote such a text did not write it for people. */
const MAX_ROUNDS = 8
/** Halves of characters beyond the first plane count: a name may end in one. */
const OF_WORDS = /[\p{L}\p{N}\p{M}\uD800-\uDFFF]/u

/** Begins where a run of its characters begins: anywhere in it would cost the square of its length. */
const EMAIL = String.raw`(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+`
/** Korean resident or foreigner registration number: date of birth, sex and century, six digits. */
const RESIDENT = String.raw`(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\s?-?\s?[1-8]\d{6}|-[1-8][*x]{6})(?!\d)`
const PHONES = [
  String.raw`(?<![\d.])(?:\+\d{1,3}[-. ]?\(?\d{1,3}\)?|\(?0\d{1,2}\)?)[-. ]?\d{3,4}[-. ]?\d{4}(?!\d)`,
  String.raw`(?<![\d.])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?!\d)`,
  // Numbers of companies in Korea.
  String.raw`(?<![\d.-])1[5-9]\d{2}-\d{4}(?![\d-])`,
]
const MONTH = String.raw`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?`
const NTH = '(?:st|nd|rd|th)?'
const DATES = [
  String.raw`(?<!\d)(?:19|20)\d{2}\s?[-./년]\s?(?:0?[1-9]|1[0-2])\s?[-./월]\s?(?:0?[1-9]|[12]\d|3[01])(?:\s?일|(?!\d))(?:T\d{2}:?\d{2})?`,
  String.raw`(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)`,
  String.raw`(?<!\d)(?:0?[1-9]|[12]\d|3[01])\s?(?<joint>[-./])\s?(?:0?[1-9]|[12]\d|3[01])\s?\k<joint>\s?(?:19|20)\d{2}(?!\d)`,
  String.raw`(?<![\d.'’-])['’]?\d{2}(?<short>[-./])(?:0[1-9]|1[0-2])\k<short>(?:0[1-9]|[12]\d|3[01])(?![\d.-])`,
  String.raw`(?<![\p{L}\d.-])(?:\d{1,2}${NTH}(?: of)?[ -])?${MONTH}[ -](?:\d{1,2}${NTH},? )?(?:19|20)\d{2}(?!\d)`,
  String.raw`(?<!\d)(?:19|20)\d{2}\s?년\s?\d{1,2}\s?월`,
  String.raw`(?<!\d)\d{1,2}\s?월\s?\d{1,2}\s?일`,
]
/** MR, MS and DR without a point are modalities and diseases. */
const TITLED = String.raw`(?<!\p{L})(?:(?:[Dd]r|DR|[Pp]rof|PROF|M[rs]|Mrs)\.\s?\p{L}[\p{L}'-]+|(?:Dr|Prof|M[rs]|Mrs)\s\p{Lu}[\p{L}'-]+)(?:\s\p{Lu}\p{Ll}[\p{L}'-]*)?`
/** A Korean family name, a given name, and how one speaks to a physician. */
const KOREAN_TITLED = String.raw`(?<!\p{L})[김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천방공현][가-힣]{0,2}\s?(?:교수|선생|원장|박사)님?`

const FORMS = new RegExp([EMAIL, RESIDENT].join('|'), 'giu')
const MORE_FORMS = new RegExp([...DATES, ...PHONES].join('|'), 'giu')
const TITLES = new RegExp([TITLED, KOREAN_TITLED].join('|'), 'gu')

/**
 * Patterns of what names the subject in the original data set: at this moment only, values of a
 * person are in our hands. Longer ones first, for a part must not spoil the whole. DICOM_TOO_MANY
 * when searching for them would take too long.
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
  if (patterns.size > MAX_PATTERNS) {
    throw new DicomError('DICOM_TOO_MANY', 'there are more identifiers than can be searched for')
  }
  if (textBytesIn(dataSet) * (patterns.size + FORMS_COST) > MAX_SEARCH) {
    throw new DicomError('DICOM_TOO_MANY', 'there is more text than can be searched')
  }
  return [...patterns].sort((a, b) => b.length - a.length)
}

/** What may have to be searched: contours of many MB are numbers, which nobody searches for words. */
function textBytesIn(dataSet: DataSet): number {
  let sum = 0
  for (const element of dataSet.values()) {
    if (element.kind === 'sequence') for (const item of element.items) sum += textBytesIn(item)
    else if (element.kind === 'value' && !isWordless(element)) {
      sum += isBinary(element.vr) ? wordsIn(element).length : element.bytes.length
    }
  }
  return sum
}

export function identifiersFrom(patterns: readonly string[]): Identifiers {
  const own = patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'giu')
  const first = patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'iu')
  const isFoundIn = (text: string) => text !== '' && first?.test(text) === true
  const remove = (text: string, forms: readonly RegExp[]): string => {
    let left = text
    // Around one that is taken out, the halves of another may come together.
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const without = own === undefined ? left : left.replace(own, '')
      left = tidy(
        left,
        forms.reduce((rest, form) => rest.replace(form, ''), without),
      )
      if (!isFoundIn(left)) return left
    }
    return ''
  }
  return {
    isFoundIn,
    removeKnown: (text) => remove(text, [FORMS]),
    removeAll: (text) => remove(text, [FORMS, MORE_FORMS, TITLES]),
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
  if (vr === 'PN' || dictionaryEntry(tag)?.vr === 'PN') {
    return textsOf(element, characterSet).flatMap(namePatterns)
  }
  if (tag === BIRTH_DATE) return textsOf(element, characterSet).flatMap(birthPatterns)
  if (IDENTIFYING.has(tag) || (INSTITUTION.has(tag) && !isInstitutionKept)) {
    return textsOf(element, characterSet)
      .map(withoutEdges)
      .filter((text) => text.length >= MIN_ID)
      .map((text) => (INSTITUTION.has(tag) ? wordPattern(text) : idPattern(text)))
  }
  return []
}

/** Values; of one that the file calls numbers what readers see who go by the tag, in either byte order. */
function textsOf(element: Element, characterSet: readonly string[]): string[] {
  if (element.kind !== 'value' || !isBinary(element.vr)) return stringsOf(element, characterSet)
  const { bytes } = element
  return [bytes, ...WORDS.map((vr) => swapped(bytes, vr))].flatMap((each) =>
    stringsOf({ ...element, vr: 'LO', bytes: each }, characterSet),
  )
}

/** Every part of the name alone, any two of them in any order and joined by anything, initials. */
function namePatterns(name: string): string[] {
  const patterns: string[] = []
  for (const group of name.split('=')) {
    const parts = group
      .split(/[\^\s,.]+/)
      .map(withoutEdges)
      .filter((part) => part !== '')
    const some = parts.slice(0, MAX_PARTS)
    for (const part of parts) if (isLong(part)) patterns.push(bounded(spelled(part), part))
    for (const a of some) {
      for (const b of some) {
        if (a === b) continue
        const title = isAscii(a) ? '' : '(?:님|씨)?'
        patterns.push(bounded(`${spelled(a)}[\\s^,._=-]*${spelled(b)}${title}`, `${a}${b}`))
      }
    }
    patterns.push(...initialsPatterns(some))
  }
  return patterns
}

/** Quotes, brackets and bytes that are no characters around it: elsewhere it is written without them. */
function withoutEdges(text: string): string {
  const first = text.search(OF_WORDS)
  let end = text.length
  // From the end, one by one: a pattern would cost the square of a long run.
  while (end > first && !OF_WORDS.test(text.charAt(end - 1))) end--
  return first < 0 ? '' : text.slice(first, end)
}

/** As it is typed by others: G'ildong, Gil-dong, GIL DONG; of long Latin parts only. */
function spelled(part: string): string {
  const isSpelled = /^[a-z'’-]+$/i.test(part) && part.length >= MIN_SPELLED
  if (!isSpelled) return escaped(part)
  return Array.from(part.replace(/['’-]/g, '')).join("['’ -]?")
}

/** Two or three initials with points: of the whole name, and of a given name of two parts. */
function initialsPatterns(parts: readonly string[]): string[] {
  const letters = parts.flatMap((part) => part.split('-')).flatMap((part) => part[0] ?? [])
  if (letters.length < 2 || !letters.every((letter) => /[a-z]/i.test(letter))) return []
  const [family = '', ...given] = letters
  const orders = [[family, ...given], [...given, family], [family, given[0] ?? ''], given]
  return orders
    .filter((order) => order.length > 1)
    .map((order) => `(?<![\\p{L}.])${order.map((letter) => `${letter}\\.`).join('\\s?')}(?!\\p{L})`)
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

/** With other separators than it has, without leading zeros, and long numbers in groups. */
function idPattern(id: string): string {
  const chunks = id.match(/\p{N}+|\p{L}+|[^\p{L}\p{N}\s._/-]+/gu) ?? []
  const pattern = chunks.map((chunk, at) => {
    const isNumber = /^\d+$/.test(chunk)
    if (!isNumber) return escaped(chunk)
    const digits = at === 0 ? chunk.replace(/^0+(?=\d{4})/, '') : chunk
    const zeros = digits === chunk ? '' : '0*'
    return zeros + (digits.length >= MIN_GROUPED ? Array.from(digits).join('[ -]?') : digits)
  })
  return bounded(pattern.join('[\\s._/-]{0,3}'), id)
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
