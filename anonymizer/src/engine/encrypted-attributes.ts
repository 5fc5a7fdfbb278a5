/**
 * The standard's own way back: what was replaced or removed goes along encrypted, for recipients whom
 * the hospital names (PS3.15 E.1.1, PS3.3 C.12.1.1.4). Taking it back is PS3.15 E.1.2.
 *
 * Encrypted are the attributes of table E.1-1 at top level that are not as they were, whole sequences
 * included, and (0008,0005), without which their texts cannot be read.
 */
import {
  type DataSet,
  dataSet,
  type Element,
  EXPLICIT_VR_LITTLE_ENDIAN,
  getString,
  sequence,
  value,
  writeDicom,
} from '../dicom/index.ts'
import { tableRow } from '../profile/table.ts'

/** Encrypts for the recipients: a CMS message of the type enveloped-data (RFC 5652). */
export type SealAttributes = (text: Uint8Array) => Uint8Array

const [SEQUENCE, SYNTAX, CONTENT, MODIFIED] = ['04000500', '04000510', '04000520', '04000550']
/** An earlier one is for recipients of somebody else, and nobody here can say what is in it. */
const NEVER: ReadonlySet<string> = new Set([SEQUENCE, MODIFIED, '04000561', 'FFFAFFFA'])

export function encryptAttributes(
  original: DataSet,
  cleaned: DataSet,
  seal: SealAttributes,
): Element {
  const item = dataSet([
    value(SYNTAX, 'UI', EXPLICIT_VR_LITTLE_ENDIAN),
    value(CONTENT, 'OB', seal(modifiedAttributes(original, cleaned))),
  ])
  return sequence(SEQUENCE, [item])
}

/** The data set that gets encrypted: one item that holds the original values. */
export function modifiedAttributes(original: DataSet, cleaned: DataSet): Uint8Array {
  const modified = [...original.values()].filter((element) => {
    const { tag } = element
    if (tag === '00080005') return true
    if (NEVER.has(tag) || tableRow(tag) === undefined) return false
    return !isEqual(element, cleaned.get(tag))
  })
  return encoded(dataSet([sequence(MODIFIED, [dataSet(modified)])]))
}

/** Whether (0400,0500) holds what it should: nothing beside messages that are encrypted by their form. */
export function isEncrypted(element: Element | undefined): boolean {
  if (element?.kind !== 'sequence' || element.items.length === 0) return false
  return element.items.every((item) => {
    const content = item.get(CONTENT)
    return (
      item.size === 2 &&
      getString(item, SYNTAX) === EXPLICIT_VR_LITTLE_ENDIAN &&
      content?.kind === 'value' &&
      isEnvelopedData(content.bytes)
    )
  })
}

/** Object identifier 1.2.840.113549.1.7.3 in DER, with its header. */
const ENVELOPED_DATA = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3]

/** A DER sequence that begins with the type and ends where the bytes do, but for a zero of padding. */
function isEnvelopedData(bytes: Uint8Array): boolean {
  const [tag, first = 0] = bytes
  const more = first < 0x80 ? 0 : first - 0x80
  if (tag !== 0x30 || more > 4) return false
  let length = more === 0 ? first : 0
  for (const byte of bytes.subarray(2, 2 + more)) length = length * 256 + byte
  const end = 2 + more + length
  const isWhole = end === bytes.length || (end === bytes.length - 1 && bytes[end] === 0)
  return isWhole && ENVELOPED_DATA.every((byte, at) => bytes[2 + more + at] === byte)
}

function encoded(plain: DataSet): Uint8Array {
  const file = writeDicom({ transferSyntaxUid: EXPLICIT_VR_LITTLE_ENDIAN, dataSet: plain })
  // The group length of the file meta information, which is no part of a data set (PS3.10 7.1).
  const metaLength = new DataView(file.buffer, file.byteOffset).getUint32(140, true)
  return file.subarray(144 + metaLength)
}

function isEqual(a: Element, b: Element | undefined): boolean {
  if (b === undefined) return false
  const [left, right] = [a, b].map((each) => encoded(dataSet([each])))
  if (left?.length !== right?.length) return false
  return left?.every((byte, at) => byte === right?.[at]) ?? false
}
