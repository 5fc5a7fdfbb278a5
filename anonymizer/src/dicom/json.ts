/**
 * The DICOM JSON Model (PS3.18 annex F). In: a data set. Out: every attribute but group lengths;
 * pixel data and large binary values as a BulkDataURI that holds the path of the value within the
 * instance, such as `7FE00010` or `00283000.1.00283006` (items from 1): whoever sends the metadata
 * puts the instance's address before it.
 */
import { characterSetOf, numbersOf, stringsOf } from './access.ts'
import type { DataSet, Element, ValueElement } from './model.ts'

export interface DicomJsonElement {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly InlineBinary?: string
  readonly BulkDataURI?: string
}
export type DicomJson = Readonly<Record<string, DicomJsonElement>>

const DECIMAL_VRS = new Set(['DS', 'IS'])
const BINARY_NUMBER_VRS = new Set(['US', 'SS', 'UL', 'SL', 'FL', 'FD'])
const BINARY_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const PIXEL_TAGS = new Set(['7FE00008', '7FE00009', '7FE00010'])
/** Lookup tables of 256 entries go along; colour profiles and documents do not. */
const MAX_INLINE_BYTES = 1024

export function toDicomJson(dataSet: DataSet): DicomJson {
  return convertAll(dataSet, [], '')
}

function convertAll(dataSet: DataSet, inherited: readonly string[], prefix: string): DicomJson {
  const own = characterSetOf(dataSet)
  const characterSet = own.length > 0 ? own : inherited
  const json: Record<string, DicomJsonElement> = {}
  for (const element of dataSet.values()) {
    if (element.tag.endsWith('0000')) continue
    json[element.tag] = convert(element, characterSet, prefix)
  }
  return json
}

function convert(
  element: Element,
  characterSet: readonly string[],
  prefix: string,
): DicomJsonElement {
  const path = prefix + element.tag
  switch (element.kind) {
    case 'fragments':
    case 'stored':
      return { vr: element.vr, BulkDataURI: path }
    case 'sequence': {
      if (element.items.length === 0) return { vr: 'SQ' }
      const items = element.items.map((item, at) =>
        convertAll(item, characterSet, `${path}.${at + 1}.`),
      )
      return { vr: 'SQ', Value: items }
    }
    case 'value':
      return convertValue(element, characterSet, path)
  }
}

function convertValue(
  element: ValueElement,
  characterSet: readonly string[],
  path: string,
): DicomJsonElement {
  const { vr, bytes } = element
  if (bytes.length === 0) return { vr }
  // The JSON is UTF-8, whatever the file was (PS3.18 F.2.2).
  if (element.tag === '00080005') return { vr, Value: ['ISO_IR 192'] }
  if (BINARY_VRS.has(vr)) {
    const isBulk = PIXEL_TAGS.has(element.tag) || bytes.length > MAX_INLINE_BYTES
    if (isBulk) return { vr, BulkDataURI: path }
    return { vr, InlineBinary: btoa(String.fromCharCode(...bytes)) }
  }
  const values = valuesOf(element, characterSet)
  return values.length === 0 ? { vr } : { vr, Value: values }
}

function valuesOf(element: ValueElement, characterSet: readonly string[]): unknown[] {
  const { vr, bytes } = element
  if (BINARY_NUMBER_VRS.has(vr)) return numbersOf(element).map(finite)
  if (vr === 'SV' || vr === 'UV') return longNumbers(bytes, vr)
  if (vr === 'AT') return attributeTags(bytes)
  const strings = stringsOf(element, characterSet).map((text) => text.replaceAll('\0', ''))
  if (DECIMAL_VRS.has(vr)) return strings.map(decimal)
  return vr === 'PN' ? strings.map(personName) : strings.map(orNull)
}

const orNull = (text: string): string | null => (text === '' ? null : text)

/** What JSON has no number for is a string, as other implementations write it. */
function finite(number: number): number | string {
  if (Number.isFinite(number)) return number
  if (Number.isNaN(number)) return 'NaN'
  return number > 0 ? 'inf' : '-inf'
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

/** A string where the text is no number that would come back (PS3.18 table F.2.3-1, note). */
function decimal(text: string): number | string | null {
  if (text === '') return null
  const number = Number(text)
  return DECIMAL.test(text) && Number.isFinite(number) ? number : text
}

/** Beyond 2^53 a number would be another one. */
function longNumbers(bytes: Uint8Array, vr: 'SV' | 'UV'): (number | string)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, at) => {
    const long = vr === 'SV' ? view.getBigInt64(at * 8, true) : view.getBigUint64(at * 8, true)
    const number = Number(long)
    return Number.isSafeInteger(number) ? number : long.toString()
  })
}

function personName(text: string): unknown {
  if (text === '') return null
  const [alphabetic, ideographic, phonetic] = text.split('=')
  return {
    ...(alphabetic ? { Alphabetic: alphabetic } : {}),
    ...(ideographic ? { Ideographic: ideographic } : {}),
    ...(phonetic ? { Phonetic: phonetic } : {}),
  }
}

function attributeTags(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const hex = (at: number) => view.getUint16(at, true).toString(16).padStart(4, '0')
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) =>
    (hex(at * 4) + hex(at * 4 + 2)).toUpperCase(),
  )
}
