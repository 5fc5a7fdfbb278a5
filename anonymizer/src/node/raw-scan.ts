/**
 * Looks through bytes for what names somebody, without knowing what the bytes are: forms of e-mail
 * addresses, resident registration and telephone numbers, and a hospital's own list of identifiers as
 * plain text, UTF-16, base64, hexadecimal and inside what is deflated. Only counts come out.
 */
import { constants, inflateRawSync, inflateSync } from 'node:zlib'

export const FORMS = ['plain', 'utf16', 'base64', 'hex'] as const
type Form = (typeof FORMS)[number]

export interface RawFindings {
  readonly email: number
  readonly residentNumber: number
  readonly phone: number
  /** Identifiers of the list, by the form in which they were found. */
  readonly listed: Readonly<Record<Form, number>>
  /** How many of all of these were inside something deflated. */
  readonly inflated: number
}

/** Shorter ones are in every long number: too many would be found where nothing is. */
const MIN_BYTES = 5
const MAX_INFLATED_BYTES = 32 * 1024 * 1024
const MAX_TRIES = 200

const COUNTRIES = 'com|net|org|edu|gov|info|kr|jp|cn|us|uk|de'

/**
 * Stricter than what cleans texts, which the check of every output repeats: here pixels are read as
 * letters too, and a picture of grey tones makes up any short pattern sooner or later.
 */
const PATTERNS = {
  email: new RegExp(
    [COUNTRIES, COUNTRIES.toUpperCase()]
      .map((ends, at) => {
        const letters = at === 0 ? 'a-z' : 'A-Z'
        return `[${letters}\\d][${letters}\\d._+-]{3,63}@[${letters}\\d-]{3,63}(?:\\.[${letters}\\d-]{2,30}){0,3}\\.(?:${ends})(?![${letters}\\d-])`
      })
      .join('|'),
    'g',
  ),
  residentNumber:
    /(?<![\d.])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[ -]?[1-8]\d{6}(?![\d.])/g,
  phone:
    /(?<![\d.])(?:(?:\+82[ -]?1|01)[016789][ -]?\d{3,4}[ -]?\d{4}|0\d{1,2}-\d{3,4}-\d{4})(?![\d.])/g,
} as const

export interface RawScan {
  readonly find: (bytes: Uint8Array) => RawFindings
  /** Identifiers that are searched for, and those that are too short to be. */
  readonly searched: number
  readonly tooShort: number
}

export function createRawScan(identifiers: readonly string[]): RawScan {
  const own = [...new Set(identifiers.map((each) => each.normalize('NFC').trim()))].filter(Boolean)
  const long = own.filter((each) => Buffer.byteLength(each) >= MIN_BYTES)
  const needles = createNeedles(long.flatMap(needlesOf))
  const findIn = (bytes: Uint8Array): Omit<RawFindings, 'inflated'> => {
    const text = textsIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    const count = (pattern: RegExp) => text.reduce((sum, each) => sum + matches(each, pattern), 0)
    return {
      email: count(PATTERNS.email),
      residentNumber: count(PATTERNS.residentNumber),
      phone: count(PATTERNS.phone),
      listed: needles.count(bytes),
    }
  }
  return {
    searched: long.length,
    tooShort: own.length - long.length,
    find: (bytes) => {
      const found = [bytes, ...inflatedIn(bytes)].map(findIn)
      const [plain, ...inner] = found
      const sum = (of: (each: Omit<RawFindings, 'inflated'>) => number, from = found) =>
        from.reduce((total, each) => total + of(each), 0)
      return {
        email: sum((each) => each.email),
        residentNumber: sum((each) => each.residentNumber),
        phone: sum((each) => each.phone),
        listed: {
          plain: sum(({ listed }) => listed.plain),
          utf16: sum(({ listed }) => listed.utf16),
          base64: sum(({ listed }) => listed.base64),
          hex: sum(({ listed }) => listed.hex),
        },
        inflated: plain === undefined ? 0 : sum(total, inner),
      }
    },
  }
}

export function total({
  email,
  residentNumber,
  phone,
  listed,
}: Omit<RawFindings, 'inflated'>): number {
  const { plain, utf16, base64, hex } = listed
  return email + residentNumber + phone + plain + utf16 + base64 + hex
}

/** The bytes as they are, and what is UTF-16 in them, of either order. */
function textsIn(bytes: Buffer): string[] {
  const text = bytes.toString('latin1')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: zeros are what is looked for.
  const wide = text.match(/(?:[\x20-\x7e]\0){8,}|(?:\0[\x20-\x7e]){8,}/g) ?? []
  return [text, ...wide.map((each) => each.replaceAll('\0', ''))]
}

function matches(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

interface Needle {
  readonly form: Form
  readonly bytes: Uint8Array
}

function needlesOf(identifier: string): Needle[] {
  const spellings = new Set(
    [identifier, identifier.replace(/\s+/g, '^')].flatMap((each) => [
      each,
      each.toLowerCase(),
      each.toUpperCase(),
    ]),
  )
  return [...spellings].flatMap((spelling) => {
    const utf8 = Buffer.from(spelling)
    const korean = koreanBytes(spelling)
    const wide = Buffer.from(spelling, 'utf16le')
    const hex = utf8.toString('hex')
    return [
      { form: 'plain' as const, bytes: utf8 },
      ...(korean === undefined ? [] : [{ form: 'plain' as const, bytes: korean }]),
      { form: 'utf16' as const, bytes: wide },
      { form: 'utf16' as const, bytes: Buffer.from(wide).swap16() },
      { form: 'hex' as const, bytes: Buffer.from(hex) },
      { form: 'hex' as const, bytes: Buffer.from(hex.toUpperCase()) },
      ...base64Needles(utf8),
    ]
  })
}

/** Wherever it begins among the groups of three: what neighbours share with it is left out. */
function base64Needles(bytes: Buffer): Needle[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    const start = Math.ceil((before * 8) / 6)
    const inner = text.slice(start, Math.floor(((before + bytes.length) * 8) / 6))
    const url = inner.replaceAll('+', '-').replaceAll('/', '_')
    return [inner, url].map((each) => ({ form: 'base64' as const, bytes: Buffer.from(each) }))
  })
}

let korean: ReadonlyMap<string, number> | undefined

/** EUC-KR, which is also what stands between the escapes of ISO 2022 IR 149. */
function koreanBytes(text: string): Uint8Array | undefined {
  korean ??= koreanTable()
  const bytes: number[] = []
  let isKorean = false
  for (const character of text) {
    const pair = korean.get(character)
    const code = character.codePointAt(0) ?? 0
    if (pair !== undefined) bytes.push(pair >> 8, pair & 0xff)
    else if (code < 0x80) bytes.push(code)
    else return undefined
    isKorean ||= pair !== undefined
  }
  return isKorean ? Uint8Array.from(bytes) : undefined
}

function koreanTable(): Map<string, number> {
  const decoder = new TextDecoder('euc-kr')
  const table = new Map<string, number>()
  for (let high = 0xa1; high <= 0xfe; high++) {
    for (let low = 0xa1; low <= 0xfe; low++) {
      const character = decoder.decode(Uint8Array.of(high, low))
      if (!character.includes('\ufffd')) table.set(character, high * 256 + low)
    }
  }
  return table
}

/** All at once: by their first two bytes, then by four, then whole. */
function createNeedles(needles: readonly Needle[]) {
  const begins = new Uint8Array(65_536)
  const byStart = new Map<number, Needle[]>()
  const distinct = new Map(
    needles.map((each) => [`${each.form} ${Buffer.from(each.bytes).toString('hex')}`, each]),
  )
  const startOf = (bytes: Uint8Array, at: number) =>
    (bytes[at] ?? 0) * 0x1000000 +
    (bytes[at + 1] ?? 0) * 0x10000 +
    (bytes[at + 2] ?? 0) * 0x100 +
    (bytes[at + 3] ?? 0)
  for (const needle of distinct.values()) {
    begins[(needle.bytes[0] ?? 0) * 256 + (needle.bytes[1] ?? 0)] = 1
    const start = startOf(needle.bytes, 0)
    byStart.set(start, [...(byStart.get(start) ?? []), needle])
  }
  return {
    count: (bytes: Uint8Array): Record<Form, number> => {
      const counts = { plain: 0, utf16: 0, base64: 0, hex: 0 }
      if (distinct.size === 0) return counts
      for (let at = 0; at + MIN_BYTES <= bytes.length; at++) {
        if (begins[(bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)] === 0) continue
        for (const { form, bytes: needle } of byStart.get(startOf(bytes, at)) ?? []) {
          if (isAt(bytes, at, needle)) counts[form]++
        }
      }
      return counts
    },
  }
}

function isAt(bytes: Uint8Array, at: number, needle: Uint8Array): boolean {
  if (at + needle.length > bytes.length) return false
  for (let index = 0; index < needle.length; index++) {
    if (bytes[at + index] !== needle[index]) return false
  }
  return true
}

/** What zlib, gzip and zip keep deflated within; as much of each as can be read. */
function inflatedIn(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  const options = { maxOutputLength: MAX_INFLATED_BYTES, finishFlush: constants.Z_SYNC_FLUSH }
  let tries = 0
  for (let at = 0; at + 8 < bytes.length && tries < MAX_TRIES; at++) {
    const first = bytes[at]
    if (first !== 0x78 && first !== 0x1f && first !== 0x50) continue
    const second = bytes[at + 1]
    let inflate: (() => Buffer) | undefined
    if (first === 0x78 && [0x01, 0x5e, 0x9c, 0xda].includes(second ?? 0)) {
      inflate = () => inflateSync(bytes.subarray(at), options)
    } else if (first === 0x1f && second === 0x8b && bytes[at + 2] === 8) {
      inflate = () => inflateRawSync(bytes.subarray(afterGzipHeader(bytes, at)), options)
    } else if (first === 0x50 && second === 0x4b && bytes[at + 2] === 3 && bytes[at + 3] === 4) {
      const names = (bytes[at + 26] ?? 0) + (bytes[at + 27] ?? 0) * 256
      const extra = (bytes[at + 28] ?? 0) + (bytes[at + 29] ?? 0) * 256
      inflate = () => inflateRawSync(bytes.subarray(at + 30 + names + extra), options)
    }
    if (inflate === undefined) continue
    tries++
    try {
      found.push(inflate())
    } catch {
      // Two bytes that look like a beginning, as in any picture.
    }
  }
  return found
}

/** RFC 1952 2.3: what may stand there besides ten bytes. What follows the end is somebody else's. */
function afterGzipHeader(bytes: Uint8Array, at: number): number {
  const flags = bytes[at + 3] ?? 0
  let end = at + 10
  if ((flags & 4) !== 0) end += 2 + (bytes[end] ?? 0) + (bytes[end + 1] ?? 0) * 256
  for (const text of [8, 16]) {
    if ((flags & text) !== 0) end = bytes.indexOf(0, end) + 1
  }
  return (flags & 2) !== 0 ? end + 2 : end
}
