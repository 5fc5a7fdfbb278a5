/**
 * Takes identifiers out of one kept value. In: the element, how its text is encoded, and what to look
 * for. Out: the same element when it holds nothing that has to go; another one; or nothing.
 */
import { CHARSET_VRS, decodeText, type ValueElement, value } from '../dicom/index.ts'
import { dummyOf } from './dummy.ts'
import type { Identifiers } from './identifiers.ts'
import { isBinary, isText, isWordless, wordsIn } from './words.ts'

/** Two letters, or one that no number is written with. */
const WORD = /\p{L}{2}|\P{ASCII}/u

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
  // Words in place of a number are not known to be harmless, and what is left without them are other
  // numbers: a coordinate without its sign.
  if (!isText(vr) && (cleaned !== trimmed || WORD.test(text))) return undefined
  if (cleaned === trimmed) return element
  // All of it was an identifier: a dummy, for the attribute may need a value.
  if (cleaned.trim() === '') return dummyOf(tag, vr)
  return value(tag, vr, cleaned)
}
