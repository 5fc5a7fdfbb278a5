/**
 * Elements of files that were read before. Instances of a series differ in few attributes: what is
 * the same bytes becomes the very same object, so that nobody has to look into it again.
 */
import type { Element } from './model.ts'
import { numberOf } from './tag.ts'

export interface KnownElements {
  /** Equal bytes are equal elements only in the same transfer syntax. */
  transferSyntaxUid: string
  /** By the number of the tag. */
  readonly byTag: Map<number, KnownElement>
}

export interface KnownElement {
  /** The element as encoded, header and items included: a copy of ours. */
  readonly bytes: Uint8Array
  /** What it counts for in ReadLimits.parts. */
  readonly parts: number
  /** Read from `bytes` when they are met for the second time. */
  element: Element | undefined
}

/** Longer elements are rarely repeated. */
const MAX_BYTES = 16_384
const MAX_TAGS = 2_000

export function createKnownElements(): KnownElements {
  return { transferSyntaxUid: '', byTag: new Map() }
}

/** For the next file: those of another transfer syntax are forgotten. */
export function enterTransferSyntax(known: KnownElements, transferSyntaxUid: string): void {
  if (known.transferSyntaxUid === transferSyntaxUid && known.byTag.size < MAX_TAGS) return
  known.byTag.clear()
  known.transferSyntaxUid = transferSyntaxUid
}

/** When what is at `at` of `file` is what the tag was before. */
export function recall(
  known: KnownElements,
  tag: number,
  file: Uint8Array,
  at: number,
  limit: number,
): KnownElement | undefined {
  const entry = known.byTag.get(tag)
  if (entry === undefined) return undefined
  const { bytes } = entry
  const { length } = bytes
  if (at + length > limit) return undefined
  for (let i = 0; i < length; i++) if (bytes[i] !== file[at + i]) return undefined
  return entry
}

/** Whether it is one that files share, and not a view into the file just read. */
export function isKnown(known: KnownElements, element: Element): boolean {
  return known.byTag.get(numberOf(element.tag))?.element === element
}

export function remember(
  known: KnownElements,
  tag: number,
  file: Uint8Array,
  place: { readonly at: number; readonly end: number; readonly parts: number },
): void {
  const { at, end, parts } = place
  if (end - at > MAX_BYTES) return
  known.byTag.set(tag, { bytes: file.slice(at, end), parts, element: undefined })
}
