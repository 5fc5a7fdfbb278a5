/** Values of a data set by tag. Absent and empty are told apart only where it matters. */
import { latin1 } from './ascii.ts'
import { decodeText } from './charset.ts'
import { DicomError } from './errors.ts'
import { CHARSET_VRS, type DataSet, type Element, type Tag } from './model.ts'

/** Text of one value: a backslash is part of it. */
const SINGLE_TEXT_VRS = new Set(['LT', 'ST', 'UT', 'UR'])

/** All values as text, trimmed of padding; [] when absent or empty. */
export function getStrings(dataSet: DataSet, tag: Tag): string[] {
  const element = dataSet.get(tag)
  return element === undefined ? [] : stringsOf(element, characterSetOf(dataSet))
}

/** The first value as text; '' when absent or empty. */
export function getString(dataSet: DataSet, tag: Tag): string {
  return getStrings(dataSet, tag)[0] ?? ''
}

export function characterSetOf(dataSet: DataSet): string[] {
  const element = dataSet.get('00080005')
  return element?.kind === 'value' ? splitText(latin1(element.bytes)) : []
}

export function stringsOf(element: Element, characterSet: readonly string[]): string[] {
  if (element.kind !== 'value' || element.bytes.length === 0) return []
  const text = CHARSET_VRS.has(element.vr)
    ? decodeText(element.bytes, characterSet, element.vr === 'PN')
    : latin1(element.bytes)
  if (SINGLE_TEXT_VRS.has(element.vr)) return [text.replace(/[\0 ]+$/, '')]
  return splitText(text)
}

function splitText(text: string): string[] {
  if (!text.includes('\\')) {
    const only = trimmed(text)
    return only === '' ? [] : [only]
  }
  const values = text.split('\\').map(trimmed)
  return values.every((value) => value === '') ? [] : values
}

function trimmed(text: string): string {
  return text.replace(/[\0 ]+$/, '').trim()
}

/** All values as numbers (DS, IS and the binary VRs). DICOM_VALUE when one is not a number. */
export function getNumbers(dataSet: DataSet, tag: Tag): number[] {
  const element = dataSet.get(tag)
  return element === undefined ? [] : numbersOf(element)
}

export function getNumber(dataSet: DataSet, tag: Tag): number | undefined {
  return getNumbers(dataSet, tag)[0]
}

const BINARY: Readonly<
  Record<string, [size: number, read: (view: DataView, at: number) => number]>
> = {
  US: [2, (view, at) => view.getUint16(at, true)],
  SS: [2, (view, at) => view.getInt16(at, true)],
  UL: [4, (view, at) => view.getUint32(at, true)],
  SL: [4, (view, at) => view.getInt32(at, true)],
  FL: [4, (view, at) => view.getFloat32(at, true)],
  FD: [8, (view, at) => view.getFloat64(at, true)],
}

export function numbersOf(element: Element): number[] {
  if (element.kind !== 'value') return []
  const binary = BINARY[element.vr]
  if (binary === undefined) {
    return splitText(latin1(element.bytes)).map((text) => {
      const number = Number(text)
      if (text === '' || !Number.isFinite(number)) {
        throw new DicomError('DICOM_VALUE', `(${element.tag}) ${element.vr} is not a number`)
      }
      return number
    })
  }
  const [size, read] = binary
  const { bytes } = element
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, at) => read(view, at * size))
}

/** Items of a sequence; [] when absent. */
export function getItems(dataSet: DataSet, tag: Tag): readonly DataSet[] {
  const element = dataSet.get(tag)
  return element?.kind === 'sequence' ? element.items : []
}

/** Encoded bytes of a value; undefined when absent or not a plain value. */
export function getBytes(dataSet: DataSet, tag: Tag): Uint8Array | undefined {
  const element = dataSet.get(tag)
  return element?.kind === 'value' ? element.bytes : undefined
}
