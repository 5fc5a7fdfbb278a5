/**
 * Query parameters of QIDO-RS (PS3.18 8.3.4): matching keys by keyword or tag, values with wildcards,
 * ranges and lists (PS3.4 C.2.2.2), what to include, and paging. A key that is not known is refused:
 * a silent miss would look like a match.
 */
import { isTag, tagOf } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import { KEYS, type Key, LEVELS, type Level } from './keys.ts'

export type Query = Readonly<Record<string, unknown>>

/** `texts`: one of them, as a pattern of SQL's LIKE; `exact`: one of them; `range`: from and to, both included. */
export type Condition =
  | { readonly kind: 'texts'; readonly key: Key; readonly patterns: readonly string[] }
  | { readonly kind: 'exact'; readonly key: Key; readonly values: readonly string[] }
  | {
      readonly kind: 'range'
      readonly key: Key
      readonly from: string | undefined
      readonly to: string | undefined
    }

export interface Search {
  readonly conditions: readonly Condition[]
  /** Tags to give beside the usual ones. */
  readonly include: ReadonlySet<string> | 'all'
  readonly limit: number
  readonly offset: number
  /** Asked for, and not done. */
  readonly isFuzzy: boolean
  /** Minutes east of UTC that dates and times of the query are meant in. */
  readonly zoneMinutes: number | undefined
}

const MAX_RESULTS = 5000
const MAX_VALUE = 4096

/** Keys of the level and of those above it. */
export function readSearch(query: Query, level: Level): Search {
  const levels = LEVELS.slice(0, LEVELS.indexOf(level) + 1)
  const conditions: Condition[] = []
  const include = new Set<string>()
  let isAll = false
  for (const [name, value] of Object.entries(query)) {
    if (CONTROL.has(name)) continue
    const key = KEYS.find(
      (each) =>
        levels.includes(each.level) && (each.keyword === name || each.tag === tagPath(name)),
    )
    if (key === undefined) refuse(`${safeName(name)} is no matching key of this level`)
    include.add(key.tag.slice(0, 8))
    const condition = conditionOf(key, textOf(value, name))
    if (condition !== undefined) conditions.push(condition)
  }
  for (const field of listOf(query['includefield'])) {
    if (field === 'all') isAll = true
    else include.add(fieldTag(field))
  }
  return {
    conditions,
    include: isAll ? 'all' : include,
    limit: Math.min(wholeNumber(query, 'limit', MAX_RESULTS), MAX_RESULTS),
    offset: wholeNumber(query, 'offset', 0),
    isFuzzy: flag(query, 'fuzzymatching'),
    zoneMinutes: zone(query['TimezoneOffsetFromUTC'] ?? query['00080201']),
  }
}

const CONTROL = new Set([
  'limit',
  'offset',
  'includefield',
  'fuzzymatching',
  'accept',
  'TimezoneOffsetFromUTC',
  '00080201',
])

function conditionOf(key: Key, text: string): Condition | undefined {
  // Nothing, and anything: both match whatever is there, and what is not.
  if (/^\**$/.test(text)) return undefined
  switch (key.vr) {
    case 'UI': {
      const values = text.split(/[,\\]/).filter((value) => value !== '')
      if (!values.every((value) => /^[\d.]{1,64}$/.test(value))) {
        refuse(`${key.keyword} is not a list of UIDs`)
      }
      return { kind: 'exact', key, values }
    }
    case 'DA':
      return { kind: 'range', key, ...range(text, key, readDate) }
    case 'TM':
      return { kind: 'range', key, ...range(text, key, readTime) }
    case 'IS': {
      if (!/^[+-]?\d{1,12}$/.test(text)) refuse(`${key.keyword} is not a whole number`)
      return { kind: 'exact', key, values: [String(Number(text))] }
    }
    case 'CS':
      // A code holds neither comma nor backslash, so they can only part a list.
      return { kind: 'texts', key, patterns: text.split(/[,\\]/).map(toPattern) }
    case 'PN':
      return { kind: 'texts', key, patterns: [toPattern(text)] }
    case 'AS':
    case 'LO':
    case 'SH':
      return { kind: 'texts', key, patterns: [toPattern(text)] }
  }
}

/** `*` any number of characters, `?` one (PS3.4 C.2.2.2.4), for LIKE with its usual escape. */
function toPattern(text: string): string {
  return text
    .trim()
    .replace(/[\\%_]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_')
}

interface Ends {
  readonly from: string | undefined
  readonly to: string | undefined
}

/** A value stands for all that it begins: 1015 is the whole minute. */
function range(text: string, { keyword }: Key, read: (text: string) => Ends | undefined): Ends {
  const [first = '', second, ...rest] = text.split('-').map((part) => part.trim())
  const from = first === '' ? undefined : read(first)
  const to = second === undefined || second === '' ? undefined : read(second)
  const isWrong =
    rest.length > 0 ||
    (first !== '' && from === undefined) ||
    (second !== undefined && second !== '' && to === undefined) ||
    (from === undefined && to === undefined)
  if (isWrong) refuse(`${keyword} is neither a value nor a range such as FROM-TO, FROM-, -TO`)
  if (second === undefined) return { from: from?.from, to: from?.to }
  return { from: from?.from, to: to?.to }
}

function readDate(text: string): Ends | undefined {
  const date = text.replaceAll('.', '')
  return /^\d{8}$/.test(date) ? { from: date, to: date } : undefined
}

function readTime(text: string): Ends | undefined {
  const digits = /^(\d{2}){1,3}$|^\d{6}\.\d{1,6}$/.test(text.replaceAll(':', ''))
    ? text.replaceAll(/[:.]/g, '')
    : undefined
  return digits === undefined
    ? undefined
    : { from: digits.padEnd(12, '0'), to: digits.padEnd(12, '9') }
}

function listOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values
    .filter((each) => typeof each === 'string')
    .flatMap((each) => each.split(','))
    .filter((each) => each !== '')
}

/** The tag of an attribute, or of the sequence that a path begins with. */
function fieldTag(field: string): string {
  const tag = tagPath(field)?.slice(0, 8)
  return tag ?? refuse(`includefield: ${safeName(field)} is no attribute`)
}

/** A keyword, a tag, or several of them with dots between. */
function tagPath(name: string): string | undefined {
  try {
    return name
      .split('.')
      .map((part) => (isTag(part.toUpperCase()) ? part.toUpperCase() : tagOf(part)))
      .join('.')
  } catch {
    return undefined
  }
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string') refuse(`${safeName(name)} is given more than once`)
  if (value.length > MAX_VALUE || value.includes('\0')) refuse(`${safeName(name)} is too long`)
  return value
}

function wholeNumber(query: Query, name: string, fallback: number): number {
  const value = query[name]
  if (value === undefined || value === '') return fallback
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) refuse(`${name} is no number`)
  return Number(value)
}

function flag(query: Query, name: string): boolean {
  const value = query[name]
  if (value === undefined || value === '' || value === 'false') return false
  if (value === 'true') return true
  return refuse(`${name} is neither true nor false`)
}

/** &ZZXX (PS3.3 C.12.1.1.8); a plus sign that nobody escaped arrives as a space. */
function zone(value: unknown): number | undefined {
  if (value === undefined || value === '') return undefined
  const match = typeof value === 'string' ? /^([+\- ])(\d{2})(\d{2})$/.exec(value) : null
  if (match === null) refuse('TimezoneOffsetFromUTC is not such as +0900')
  const [, sign, hours, minutes] = match
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}

/** Names of parameters are shown only where they cannot be values. */
function safeName(name: string): string {
  return /^[\w.]{1,80}$/.test(name) ? name : 'a parameter'
}

function refuse(detail: string): never {
  throw new PandokError('INPUT_INVALID', detail)
}
