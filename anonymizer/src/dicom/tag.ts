/** Tags between numbers and text; those that were met once are not spelled out again. */
import type { Tag } from './model.ts'

const byNumber = new Map<number, Tag>()
const byTag = new Map<Tag, number>()
/** The dictionary has some five thousand; what a hostile file makes up must not fill the memory. */
const MAX_KNOWN = 20_000

/** `number`: the group in the upper sixteen bits, unsigned. */
export function tagOfNumber(number: number): Tag {
  let tag = byNumber.get(number)
  if (tag === undefined) {
    tag = number.toString(16).toUpperCase().padStart(8, '0')
    if (byNumber.size < MAX_KNOWN) byNumber.set(number, tag)
  }
  return tag
}

/** The group in the upper sixteen bits. */
export function numberOf(tag: Tag): number {
  let number = byTag.get(tag)
  if (number === undefined) {
    number = Number.parseInt(tag, 16)
    if (byTag.size < MAX_KNOWN) byTag.set(tag, number)
  }
  return number
}
