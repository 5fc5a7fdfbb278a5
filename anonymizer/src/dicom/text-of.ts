/** A short value as plain text, before anything is known of character sets. */
import { latin1 } from './ascii.ts'
import type { Element } from './model.ts'

const MAX_BYTES = 64

export function textOf(element: Element | undefined): string {
  if (element?.kind !== 'value') return ''
  return latin1(element.bytes.subarray(0, MAX_BYTES))
    .replace(/[\0 ]+$/, '')
    .trim()
}
