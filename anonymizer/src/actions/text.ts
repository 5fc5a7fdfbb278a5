/**
 * Takes identifiers out of one kept value. In: the element, how its text is encoded, and what to look
 * for. Out: the same element when it holds nothing that has to go; another one; or nothing.
 */
import { CHARSET_VRS, decodeText, type ValueElement, value } from '../dicom/index.ts'
import { dummyOf } from './dummy.ts'
import type { Identifiers } from './identifiers.ts'
import { isBinary, isText, isWordless, wordsIn } from './words.ts'

export function cleanValue(
  element: ValueElement,
  characterSet: readonly string[],
  identifiers: Identifiers,
  how: 'removeKnown' | 'removeAll',
): ValueElement | undefined {
  const { vr, tag, bytes } = element
  if (bytes.length === 0) return element
  const clean = identifiers[how]
  if (vr === 'UN') {
    // Its encoding is not known: all of it stays, or nothing.
    const text = decodeText(bytes, [])
    return clean(text) === text ? element : undefined
  }
  if (isWordless(element)) return element
  if (isBinary(vr)) return identifiers.isFoundIn(wordsIn(element)) ? undefined : element
  const text = decodeText(bytes, CHARSET_VRS.has(vr) ? characterSet : [], vr === 'PN')
  const trimmed = text.replace(/[\0 ]+$/, '')
  const cleaned = clean(trimmed)
  if (cleaned === trimmed) return element
  // What would be left are other numbers: a coordinate without its sign.
  if (!isText(vr)) return undefined
  // All of it was an identifier: a dummy, for the attribute may need a value.
  if (cleaned.trim() === '') return dummyOf(tag, vr)
  return value(tag, vr, cleaned)
}
