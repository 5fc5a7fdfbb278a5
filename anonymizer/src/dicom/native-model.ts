/**
 * The Native DICOM Model (PS3.19 A.1), made of the DICOM JSON Model (PS3.18 annex F), which holds the same.
 * In: attributes by tag. Out: an XML document. What XML 1.0 cannot hold becomes U+FFFD.
 */
import { isPrivate, keywordOf } from './dictionary.ts'
import type { DicomJson, DicomJsonElement } from './json.ts'

export function toNativeModel(json: DicomJson): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xml:space="preserve">${attributes(json)}</NativeDicomModel>\n`
}

function attributes(json: DicomJson): string {
  return Object.entries(json)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([tag, element]) => attribute(tag, element, json))
    .join('')
}

function attribute(tag: string, element: DicomJsonElement, of: DicomJson): string {
  const keyword = isPrivate(tag) ? '' : keywordOf(tag)
  const creator = isPrivate(tag) ? of[creatorTagOf(tag)]?.Value?.[0] : undefined
  const isOwned = typeof creator === 'string'
  const names = [
    // Which block a creator has differs from file to file: it is left out (table A.1.5-2).
    ` tag="${isOwned ? `${tag.slice(0, 4)}00${tag.slice(6)}` : tag}" vr="${element.vr}"`,
    keyword === '' ? '' : ` keyword="${keyword}"`,
    isOwned ? ` privateCreator="${escaped(creator)}"` : '',
  ]
  return `<DicomAttribute${names.join('')}>${content(element)}</DicomAttribute>`
}

/** Of (gggg,eeff) the creator is at (gggg,00ee) (PS3.5 7.8.1); of a creator nothing. */
function creatorTagOf(tag: string): string {
  return `${tag.slice(0, 4)}00${tag.slice(4, 6)}`
}

function content({ BulkDataURI, InlineBinary, Value = [] }: DicomJsonElement): string {
  if (BulkDataURI !== undefined) return `<BulkData uri="${escaped(BulkDataURI)}"/>`
  if (InlineBinary !== undefined) return `<InlineBinary>${InlineBinary}</InlineBinary>`
  return Value.map((value, at) => valueOf(value, at + 1)).join('')
}

/** Numbers tell places: an empty value leaves its number out. */
function valueOf(value: unknown, number: number): string {
  if (value === null || value === '') return ''
  if (typeof value === 'string' || typeof value === 'number') {
    return `<Value number="${number}">${escaped(String(value))}</Value>`
  }
  if (isName(value)) return `<PersonName number="${number}">${groups(value)}</PersonName>`
  return `<Item number="${number}">${attributes(value as DicomJson)}</Item>`
}

const GROUPS = ['Alphabetic', 'Ideographic', 'Phonetic'] as const
const COMPONENTS = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'] as const
type PersonName = Partial<Record<(typeof GROUPS)[number], string>>

/** Keys of an item are tags. */
function isName(value: unknown): value is PersonName {
  return typeof value === 'object' && value !== null && GROUPS.some((group) => group in value)
}

function groups(name: PersonName): string {
  return GROUPS.map((group) => {
    const text = name[group]
    if (text === undefined || text === '') return ''
    const parts = text.split('^')
    const components = COMPONENTS.map((component, at) => {
      const part = parts[at] ?? ''
      return part === '' ? '' : `<${component}>${escaped(part)}</${component}>`
    })
    return `<${group}>${components.join('')}</${group}>`
  }).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // A reader would make a space or a line feed of it.
  '\r': '&#13;',
}

function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 leaves out
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
      .toWellFormed()
      .replace(/[&<>"\r]/g, (character) => ENTITIES[character] ?? character)
  )
}
