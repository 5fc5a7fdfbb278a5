/**
 * What differs between an original and what came of it, as text: for the eyes of the person who sits
 * before the original anyway. It holds values of the patient: nothing may store or send it.
 */

import {
  characterSetOf,
  type DataSet,
  type Element,
  keywordOf,
  numbersOf,
  stringsOf,
} from '../dicom/index.ts'

export interface AttributeChange {
  /** Tags from the outside in, items counted from 1: 00400275[1].00400007 */
  readonly path: string
  readonly keyword: string
  /** '' where there is none. */
  readonly before: string
  readonly after: string
}

const MAX_CHANGES = 5_000
const MAX_TEXT = 400
const NUMERIC = new Set(['FD', 'FL', 'SL', 'SS', 'UL', 'US'])
const OPAQUE = new Set(['AT', 'OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SV', 'UN', 'UV'])

export function compareDataSets(before: DataSet, after: DataSet): AttributeChange[] {
  const changes: AttributeChange[] = []
  compare(before, after, { path: '', sets: [[], []] }, changes)
  return changes
}

interface Place {
  readonly path: string
  /** Character sets inherited by `before` and `after`. */
  readonly sets: readonly [readonly string[], readonly string[]]
}

function compare(before: DataSet, after: DataSet, place: Place, changes: AttributeChange[]): void {
  const sets = [setOf(before, place.sets[0]), setOf(after, place.sets[1])] as const
  const tags = [...new Set([...before.keys(), ...after.keys()])].sort()
  for (const tag of tags) {
    if (changes.length >= MAX_CHANGES) return
    const [old, now] = [before.get(tag), after.get(tag)]
    const path = place.path === '' ? tag : `${place.path}.${tag}`
    if (old?.kind === 'sequence' || now?.kind === 'sequence') {
      const [items, nowItems] = [itemsOf(old), itemsOf(now)]
      for (let at = 0; at < Math.max(items.length, nowItems.length); at++) {
        const pair = [items[at] ?? new Map(), nowItems[at] ?? new Map()] as const
        compare(...pair, { path: `${path}[${at + 1}]`, sets }, changes)
      }
      continue
    }
    const [from, to] = [textOf(old, sets[0]), textOf(now, sets[1])]
    if (from !== to) changes.push({ path, keyword: keywordOf(tag), before: from, after: to })
  }
}

function setOf(dataSet: DataSet, inherited: readonly string[]): readonly string[] {
  const own = characterSetOf(dataSet)
  return own.length > 0 ? own : inherited
}

function itemsOf(element: Element | undefined): readonly DataSet[] {
  return element?.kind === 'sequence' ? element.items : []
}

function textOf(element: Element | undefined, characterSet: readonly string[]): string {
  if (element === undefined) return ''
  if (element.kind !== 'value') return '…'
  const { vr, bytes } = element
  if (OPAQUE.has(vr)) return `${bytes.length} B`
  const values = NUMERIC.has(vr) ? numbersOf(element) : stringsOf(element, characterSet)
  const text = values.join('\\')
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
