/** The DICOM JSON Model (PS3.18 annex F), bulk data left out. */
import { characterSetOf, numbersOf, stringsOf } from './access.ts'
import type { DataSet, Element } from './model.ts'

export interface DicomJsonElement {
  readonly vr: string
  readonly Value?: readonly unknown[]
  readonly InlineBinary?: string
}
export type DicomJson = Readonly<Record<string, DicomJsonElement>>

const NUMBER_VRS = new Set(['DS', 'IS', 'US', 'SS', 'UL', 'SL', 'FL', 'FD'])
const BINARY_VRS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const MAX_INLINE_BYTES = 64

/** Pixel data and binary values over 64 bytes are left out. */
export function toDicomJson(dataSet: DataSet, inherited: readonly string[] = []): DicomJson {
  const own = characterSetOf(dataSet)
  const characterSet = own.length > 0 ? own : inherited
  const json: Record<string, DicomJsonElement> = {}
  for (const element of dataSet.values()) {
    const converted = convert(element, characterSet)
    if (converted !== undefined) json[element.tag] = converted
  }
  return json
}

function convert(element: Element, characterSet: readonly string[]): DicomJsonElement | undefined {
  if (element.tag === '7FE00010') return undefined
  if (element.kind === 'fragments' || element.kind === 'stored') return undefined
  if (element.kind === 'sequence') {
    if (element.items.length === 0) return { vr: 'SQ' }
    return { vr: 'SQ', Value: element.items.map((item) => toDicomJson(item, characterSet)) }
  }
  const { vr, bytes } = element
  if (bytes.length === 0) return { vr }
  // The JSON is UTF-8, whatever the file was (PS3.18 F.2.2).
  if (element.tag === '00080005') return { vr, Value: ['ISO_IR 192'] }
  if (BINARY_VRS.has(vr)) {
    if (bytes.length > MAX_INLINE_BYTES) return undefined
    return { vr, InlineBinary: btoa(String.fromCharCode(...bytes)) }
  }
  if (NUMBER_VRS.has(vr)) {
    const numbers = numbersOf(element)
    return numbers.length === 0 ? { vr } : { vr, Value: numbers }
  }
  if (vr === 'AT') return { vr, Value: attributeTags(bytes) }
  const strings = stringsOf(element, characterSet)
  if (strings.length === 0) return { vr }
  return { vr, Value: vr === 'PN' ? strings.map(personName) : strings.map(orNull) }
}

const orNull = (text: string): string | null => (text === '' ? null : text)

function personName(text: string): unknown {
  const [alphabetic, ideographic, phonetic] = text.split('=')
  if (text === '') return null
  return {
    ...(alphabetic ? { Alphabetic: alphabetic } : {}),
    ...(ideographic ? { Ideographic: ideographic } : {}),
    ...(phonetic ? { Phonetic: phonetic } : {}),
  }
}

function attributeTags(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => {
    const hex = (offset: number) =>
      view
        .getUint16(at * 4 + offset, true)
        .toString(16)
        .padStart(4, '0')
    return (hex(0) + hex(2)).toUpperCase()
  })
}
