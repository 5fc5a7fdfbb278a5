/**
 * The walk over one data set: every element at every level gets the action that the profile gives
 * it. What comes out of it goes through it unchanged, which is how a file is checked (check.ts).
 */
import { generaliseAge } from '../actions/ages.ts'
import { type ContentRule, contentRule, valueAction } from '../actions/content.ts'
import { shiftDa, shiftDt } from '../actions/dates.ts'
import { dummyOf, dummySequence } from '../actions/dummy.ts'
import { type Identifiers, identifierPatterns } from '../actions/identifiers.ts'
import { cleanValue } from '../actions/text.ts'
import {
  dataSet as buildDataSet,
  characterSetOf,
  type DataSet,
  type Element,
  getString,
  isPrivate,
  keywordOf,
  type SequenceElement,
  sequence,
  stringsOf,
  type Tag,
  type ValueElement,
  value,
} from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import type { Action, Resolution, Resolver } from '../profile/resolve.ts'
import { privateStep } from '../profile/safe-private.ts'
import type { ReportRow } from '../report/report.ts'
import { createMemo, type Memo } from './memo.ts'

/** What takes the place of the subject's own values. */
export interface Substitutes {
  readonly pseudonym: string
  readonly offsetDays: number
  readonly deriveUid: (uid: string) => string
  /**
   * The second walk over an output: what conditions of Types went by may have gone in the first one,
   * so they count as met. Dummies and empty values are nobody's.
   */
  readonly isSecondWalk?: true
}

export interface Cleaned {
  readonly dataSet: DataSet
  /** One for every attribute that is not as it was. */
  readonly rows: readonly ReportRow[]
  /** A changed text cannot be written in the data set's own character set. */
  readonly needsUtf8: boolean
}

interface Walk {
  readonly profile: Profile
  readonly substitutes: Substitutes
  readonly resolver: Resolver
  readonly identifiers: Identifiers
  readonly memo: Memo
  /** The original at top level. */
  readonly dataSet: DataSet
  readonly rows: ReportRow[]
  needsUtf8: boolean
  /** How often something depended on other elements: that holds for this instance only. */
  ofInstance: number
}

/** Where the walk is: a data set at top level or an item. */
interface Level {
  /** Of the sequence around it, for the report: items as [*]; '' at top level. */
  readonly reportPath: string
  readonly path: string
  readonly steps: readonly string[]
  readonly characterSet: readonly string[]
  /** What conditions of Types look at: the level itself. */
  readonly siblings: DataSet | undefined
  /** The rule of the content item that this level is. */
  readonly content?: ContentRule
}

/** Without the attestation, which is written over what comes out. */
export function cleanInstance(
  dataSet: DataSet,
  profile: Profile,
  substitutes: Substitutes,
  memo: Memo = createMemo(),
): Cleaned {
  const isInstitutionKept = profile.options.has('retain-institution-identity')
  const patterns = identifierPatterns(dataSet, isInstitutionKept, memo.patternsOf)
  const sopClassUid = getString(dataSet, '00080016')
  const characterSet = characterSetOf(dataSet)
  memo.enter([sopClassUid, substitutes.pseudonym, ...characterSet, '', ...patterns].join('\n'))
  const walk: Walk = {
    profile,
    substitutes,
    resolver: memo.resolverFor(profile, sopClassUid),
    identifiers: memo.identifiersFor(patterns),
    memo,
    dataSet,
    rows: [],
    needsUtf8: false,
    ofInstance: 0,
  }
  const siblings = substitutes.isSecondWalk ? undefined : dataSet
  const top: Level = { reportPath: '', path: '', steps: [], characterSet, siblings }
  const cleaned = buildDataSet(cleanDataSet(walk, dataSet, top))
  return { dataSet: cleaned, rows: walk.rows, needsUtf8: walk.needsUtf8 }
}

/** Content items point to each other by position: then none may be taken out. */
function hasItemReferences(walk: Walk): boolean {
  walk.ofInstance++
  return holdsTag(walk.dataSet, '0040DB73')
}

function holdsTag(dataSet: DataSet, tag: Tag): boolean {
  if (dataSet.has(tag)) return true
  for (const element of dataSet.values()) {
    if (element.kind !== 'sequence') continue
    if (element.items.some((item) => holdsTag(item, tag))) return true
  }
  return false
}

function cleanDataSet(walk: Walk, dataSet: DataSet, level: Level): Element[] {
  const kept: Element[] = []
  /** Private creators by group and block, and the blocks of which something is kept. */
  const creators = new Map<string, Element>()
  const keptBlocks = new Set<string>()
  for (const element of dataSet.values()) {
    const { tag } = element
    const block = isPrivate(tag) ? blockOf(tag) : undefined
    if (block !== undefined && isCreator(tag)) {
      creators.set(block, element)
      continue
    }
    const owner = block === undefined ? undefined : creators.get(block)
    const result =
      level.path === ''
        ? cleanAgain(walk, element, level, owner)
        : cleanOne(walk, element, level, owner)
    if (result === undefined) continue
    kept.push(result)
    if (block !== undefined) keptBlocks.add(block)
  }
  for (const [block, creator] of creators) {
    if (keptBlocks.has(block)) kept.push(value(creator.tag, 'LO', creatorOf(creator, level)))
    else report(walk, level, creator.tag, { action: 'X', rule: 'X, private' })
  }
  return withoutEmptyOverlays(walk, kept, level)
}

/** An element at top level, perhaps one that was cleaned before. */
function cleanAgain(
  walk: Walk,
  element: Element,
  level: Level,
  owner: Element | undefined,
): Element | undefined {
  const recalled = walk.memo.recall(element)
  if (recalled !== undefined && recalled.owner === owner) {
    for (const row of recalled.rows) walk.rows.push(row)
    return recalled.result === 'same' ? element : recalled.result
  }
  const from = walk.rows.length
  const { ofInstance } = walk
  const result = cleanOne(walk, element, level, owner)
  // What asks for another character set is cleaned again in that one.
  if (!walk.needsUtf8 && walk.ofInstance === ofInstance) {
    const rows = walk.rows.slice(from)
    walk.memo.remember(element, { result: result === element ? 'same' : result, rows, owner })
  }
  return result
}

function cleanOne(
  walk: Walk,
  element: Element,
  level: Level,
  owner: Element | undefined,
): Element | undefined {
  const { tag } = element
  const creator = owner === undefined ? '' : creatorOf(owner, level)
  const path = level.path === '' ? tag : `${level.path}.${tag}`
  const resolution = readable(
    element,
    contentResolution(tag, level) ??
      walk.resolver.resolve(tag, element.vr, {
        path,
        steps: level.steps,
        creator,
        siblings: level.siblings,
      }),
  )
  // Within a sequence all that it depends on is of the sequence's own.
  if (level.path === '' && resolution.isConditional) walk.ofInstance++
  const result = act(walk, element, resolution, level, creator)
  if (isSame(result, element, resolution.action)) return result
  report(walk, level, tag, resolution)
  return result
}

function report(walk: Walk, level: Level, tag: Tag, { action, rule }: Resolution): ReportRow {
  const path = level.reportPath === '' ? tag : `${level.reportPath}.${tag}`
  const row = walk.memo.rowFor({ path, keyword: keywordOf(tag), rule, action, count: 1 })
  walk.rows.push(row)
  return row
}

/** VM is 1 (PS3.5 7.8.1): what is written behind a known creator would go along with it. */
function creatorOf(owner: Element, level: Level): string {
  const [creator = '', ...more] = stringsOf(owner, level.characterSet)
  return more.length === 0 ? creator : ''
}

/** Private blocks (PS3.5 7.8.1): (gggg,00bb) owns (gggg,bb00) to (gggg,bbFF). */
function blockOf(tag: Tag): string {
  return isCreator(tag) ? tag.slice(0, 4) + tag.slice(6) : tag.slice(0, 6)
}

function isCreator(tag: Tag): boolean {
  return tag.startsWith('00', 4) && tag.slice(6) >= '10'
}

/** Of items that could not be read nothing is kept. */
function readable(element: Element, resolution: Resolution): Resolution {
  const isUnreadable = element.kind === 'sequence' && element.isUnreadable === true
  if (!isUnreadable || resolution.action === 'X') return resolution
  return { action: 'Z', rule: 'items not readable' }
}

function contentResolution(tag: Tag, level: Level): Resolution | undefined {
  if (level.content === undefined) return undefined
  const action = valueAction(tag, level.content)
  return action === undefined ? undefined : { action, rule: level.content.rule }
}

/** The element after its action; the very same object when nothing changes; undefined: removed. */
function act(
  walk: Walk,
  element: Element,
  { action }: Resolution,
  level: Level,
  creator: string,
): Element | undefined {
  if (element.kind === 'sequence') return actOnSequence(walk, element, action, level, creator)
  if (element.kind === 'fragments' || element.kind === 'stored') {
    return action === 'K' ? element : undefined
  }
  const { tag, vr } = element
  switch (action) {
    case 'X':
      return undefined
    case 'Z':
      return element.bytes.length === 0 ? element : value(tag, vr, '')
    case 'D':
      return dummyOf(tag, vr)
    case 'P':
      return value(tag, vr, walk.substitutes.pseudonym)
    case 'U':
      return deriveUids(walk, element)
    case 'C-date':
      return shiftDates(walk, element)
    case 'C-age':
      return generaliseAges(element)
    case 'K':
      return cleanText(walk, element, level, 'removeKnown')
    case 'C-text':
    case 'C-content':
      return cleanText(walk, element, level, 'removeAll')
  }
}

function actOnSequence(
  walk: Walk,
  element: SequenceElement,
  action: Action,
  level: Level,
  creator: string,
): Element | undefined {
  const { tag } = element
  switch (action) {
    case 'Z':
      return sequence(tag, [])
    case 'D':
      return dummySequence(element, {
        deriveUid: (uid) => deriveUids(walk, uid),
        judge: (kept) => cleanText(walk, kept, level, 'removeKnown'),
      })
    case 'K':
    case 'U':
    case 'C-text':
    case 'C-content':
      break
    default:
      return undefined
  }
  const inner = {
    reportPath: `${level.reportPath === '' ? tag : `${level.reportPath}.${tag}`}[*]`,
    path: level.path === '' ? tag : `${level.path}.${tag}`,
    steps: [...level.steps, isPrivate(tag) ? privateStep(tag, creator) : tag],
  }
  const items: DataSet[] = []
  for (const item of element.items) {
    const own = characterSetOf(item)
    const here: Level = {
      ...inner,
      characterSet: own.length > 0 ? own : level.characterSet,
      siblings: walk.substitutes.isSecondWalk ? undefined : item,
    }
    const content = action === 'C-content' ? contentRule(item, walk.profile) : undefined
    if (content?.action === 'X' && !hasItemReferences(walk)) {
      report(walk, level, tag, { action: 'X', rule: content.rule })
      continue
    }
    const rule = content?.action === 'X' ? { ...content, action: 'D' as const } : content
    const itemLevel = rule === undefined ? here : { ...here, content: rule }
    items.push(buildDataSet(cleanDataSet(walk, item, itemLevel)))
  }
  return sequence(tag, items)
}

function deriveUids(walk: Walk, element: ValueElement): ValueElement {
  const uids = stringsOf(element, [])
  return value(
    element.tag,
    // Whatever the file says of it: no other VR can hold a UID.
    'UI',
    uids.map((uid) => (uid === '' ? '' : walk.substitutes.deriveUid(uid))),
  )
}

/** What is no date cannot be shifted: nothing of it stays. */
function shiftDates(walk: Walk, element: ValueElement): ValueElement {
  const shift = element.vr === 'DT' ? shiftDt : shiftDa
  const texts = stringsOf(element, [])
  const shifted = texts.map((text) => shift(text, walk.substitutes.offsetDays) ?? '')
  // A dummy, for the attribute may need a value.
  const isLost = texts.length > 0 && shifted.every((text) => text === '')
  return isLost ? dummyOf(element.tag, element.vr) : value(element.tag, element.vr, shifted)
}

/** Whatever VR the file gave it. */
function generaliseAges(element: ValueElement): ValueElement {
  const ages = stringsOf(element, []).map(generaliseAge)
  const known = ages.filter((age) => age !== undefined)
  return known.length === ages.length ? value(element.tag, 'AS', known) : dummyOf(element.tag, 'AS')
}

/** The same element when it holds nothing that has to go. */
function cleanText(
  walk: Walk,
  element: ValueElement,
  level: Level,
  how: 'removeKnown' | 'removeAll',
): ValueElement | undefined {
  const cleaned = cleanValue(element, level.characterSet, walk.identifiers, how)
  const isNew = cleaned !== undefined && cleaned !== element
  const isUtf8 = level.characterSet[0] === 'ISO_IR 192'
  if (isNew && !isUtf8 && cleaned.bytes.some((byte) => byte >= 0x80)) walk.needsUtf8 = true
  return cleaned
}

/** An overlay without its data is none (PS3.3 C.9.2): the rest of its group goes too. */
function withoutEmptyOverlays(walk: Walk, kept: Element[], level: Level): Element[] {
  const overlays = new Set<string>()
  for (const { tag } of kept) if (tag.startsWith('60')) overlays.add(tag.slice(0, 4))
  if (overlays.size === 0) return kept
  for (const { tag } of kept) if (tag.endsWith('3000')) overlays.delete(tag.slice(0, 4))
  return kept.filter(({ tag }) => {
    if (!overlays.has(tag.slice(0, 4))) return true
    report(walk, level, tag, { action: 'X', rule: 'overlay without data' })
    return false
  })
}

/**
 * Whether the attribute itself is as it was: a U or a shift may leave a value, and what changed in
 * a walked sequence is reported where it changed.
 */
function isSame(result: Element | undefined, element: Element, action: Action): boolean {
  if (result === element) return true
  if (result === undefined) return false
  const isWalked = result.kind === 'sequence' && action !== 'D' && action !== 'Z'
  return isWalked || isEqual(result, element)
}

function isEqual(a: Element, b: Element): boolean {
  if (a.kind === 'sequence' && b.kind === 'sequence') {
    return (
      a.items.length === b.items.length &&
      a.items.every((item, at) => isEqualDataSet(item, b.items[at] ?? new Map()))
    )
  }
  if (a.kind !== 'value' || b.kind !== 'value' || a.vr !== b.vr) return false
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, at) => byte === b.bytes[at])
}

function isEqualDataSet(a: DataSet, b: DataSet): boolean {
  if (a.size !== b.size) return false
  for (const [tag, element] of a) {
    const other = b.get(tag)
    if (other === undefined || !isEqual(element, other)) return false
  }
  return true
}
