/** Where words are in values, whatever their VR says. */
import { CHARSET_VRS, type ValueElement, type Vr } from '../dicom/index.ts'

const TEXTS: ReadonlySet<Vr> = new Set([...CHARSET_VRS, 'AE', 'CS', 'UR'])

/** Whether its content is words, of which any may identify. */
export function isText(vr: Vr): boolean {
  return TEXTS.has(vr)
}

/** Characters of which no words are made (PS3.5 6.2). */
const REPERTOIRES: Readonly<Partial<Record<Vr, ReadonlySet<number>>>> = {
  AS: repertoire('DWMY'),
  DA: repertoire('.-'),
  DS: repertoire('+-.eE'),
  DT: repertoire('+-.'),
  IS: repertoire('+-'),
  TM: repertoire('.:-'),
  UI: repertoire('.'),
}

function repertoire(more: string): ReadonlySet<number> {
  return new Set(new TextEncoder().encode(`0123456789\\\0 ${more}`))
}

/** Numbers and bulk data. */
export function isBinary(vr: Vr): boolean {
  return !isText(vr) && REPERTOIRES[vr] === undefined
}

/** Dates, numbers and UIDs as they should be; others are texts, whatever their VR. */
export function isWordless({ vr, bytes }: ValueElement): boolean {
  const plain = REPERTOIRES[vr]
  return plain !== undefined && bytes.every((byte) => plain.has(byte))
}

/** Shorter runs of printable bytes are numbers that look so. */
const MIN_RUN = 6
const decoder = new TextDecoder()

/** What could be read in numbers and bulk data by somebody who looks at the bytes; not in pixels. */
export function wordsIn({ tag, bytes }: ValueElement): string {
  if (bytes.length < MIN_RUN || tag.startsWith('7FE0')) return ''
  const words: string[] = []
  let start = 0
  let at = 0
  while (at <= bytes.length) {
    const width = printableAt(bytes, at)
    if (width > 0) {
      at += width
      continue
    }
    if (at - start >= MIN_RUN) words.push(decoder.decode(bytes.subarray(start, at)))
    at++
    start = at
  }
  return words.join('\n')
}

/** Bytes of one character: of ASCII, or of Korean, Chinese and Japanese in UTF-8; 0: of none. */
function printableAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] ?? 0
  if (byte >= 0x20 && byte < 0x7f) return 1
  if (byte < 0xe1 || byte > 0xed) return 0
  return isContinued(bytes[at + 1]) && isContinued(bytes[at + 2]) ? 3 : 0
}

function isContinued(byte: number | undefined): boolean {
  return byte !== undefined && byte >> 6 === 2
}
