/**
 * One action for every attribute of an instance. The rules, in their order:
 *
 * 0. commands, file meta information and directories have no place in a data set and go;
 * 1. overrides of the profile; what the file calls numbers and the standard a text goes;
 * 2. private attributes go unless Retain Safe Private knows them (PS3.15 E.3.10);
 * 3. what identifies the object for the archive is set by the engine (pseudonym, attestation);
 * 4. table E.1-1: the selected options first, then the Basic Profile, compound codes resolved by
 *    the attribute's Type in the IOD;
 * 5. what the table does not name passes only when PS3.6 knows it, and even then not when its VR
 *    can hold a person's name, a moment or a UID: those are removed, shifted or replaced.
 */
import {
  CHARSET_VRS,
  type DataSet,
  dictionaryEntry,
  isPrivate,
  type Tag,
  type Vr,
} from '../dicom/index.ts'
import type { Option } from './options.ts'
import type { OverrideAction, Profile } from './profile.ts'
import { privateStep, safePrivate } from './safe-private.ts'
import { type TableRow, tableRow } from './table.ts'
import { type AttributeType, type Typed, typeOf } from './types.ts'

/**
 * D dummy, Z empty, X remove, K keep (text without identifiers; sequences: their items are
 * cleaned), U replace UIDs consistently, P pseudonym; C clean, which means for dates to shift them
 * by the subject's offset, for ages to put those over 89 in one class, for texts to take identifiers
 * out, for content items to go by concept.
 */
export type Action = 'D' | 'Z' | 'X' | 'K' | 'U' | 'P' | 'C-date' | 'C-age' | 'C-text' | 'C-content'

export interface Resolution {
  readonly action: Action
  /** The row of table E.1-1 as written, with the option that changed it, or our own rule's name. */
  readonly rule: string
  /** It depends on what stands beside the attribute: in another instance it may be another. */
  readonly isConditional?: true
}

/** Where an element stands. */
interface Place {
  /** Tags from the outside in, with dots, this one last. */
  readonly path: string
  /** The same as `safePrivate` wants it; [] at top level. */
  readonly steps: readonly string[]
  /** Of the private block, when the tag is private; '' when the block has no owner. */
  readonly creator: string
  /** The data set or item that it is in; undefined: conditions of Types count as met. */
  readonly siblings: DataSet | undefined
}

export interface Resolver {
  readonly resolve: (tag: Tag, vr: Vr, place: Place) => Resolution
}

const PATIENT_NAME = '00100010'
const PATIENT_ID = '00100020'
/** Written anew by the engine from what was there. */
const ATTESTED = new Set(['00120062', '00120063', '00120064', '00280303'])

export function createResolver(profile: Profile, sopClassUid: string): Resolver {
  const known = new Map<string, Resolution>()
  return {
    resolve: (tag, vr, place) => {
      if (isPrivate(tag)) return withAges(profile, tag, vr, resolvePrivate(profile, tag, vr, place))
      // Only Types depend on the place, and their conditions on what stands beside it; whoever asks
      // twice for another gets the same answer.
      const key = `${place.path} ${vr}`
      let resolution = known.get(key)
      if (resolution === undefined) {
        resolution = withAges(profile, tag, vr, resolvePublic(profile, sopClassUid, tag, vr, place))
        const isLasting = resolution.isConditional !== true
        if (isLasting && known.size < MAX_KNOWN) known.set(key, resolution)
      }
      return resolution
    },
  }
}

const MAX_KNOWN = 20_000

/** Ages that stay, as the profile wants them; an override that keeps them was meant. */
function withAges(profile: Profile, tag: Tag, vr: Vr, resolution: Resolution): Resolution {
  const { action, rule } = resolution
  if (profile.agesOver89 === 'keep' || action !== 'K' || rule === 'override') return resolution
  const isAge = vr === 'AS' || dictionaryEntry(tag)?.vr === 'AS'
  return isAge ? { action: 'C-age', rule: `${rule}, ages over 89 in one class` } : resolution
}

function resolvePublic(
  profile: Profile,
  sopClassUid: string,
  tag: Tag,
  vr: Vr,
  { path, siblings }: Place,
): Resolution {
  // Commands, file meta information and directories have no place in a data set (PS3.10 7.1).
  if (/^000[0-7]/.test(tag)) return { action: 'X', rule: 'not of a data set' }
  // Nobody here can say what an earlier one holds; ours is written behind the walk.
  if (tag === '04000500') return { action: 'X', rule: 'encrypted attributes' }
  const override = profile.overrides.get(tag)
  if (override !== undefined) return { action: overrideAction(override, vr), rule: 'override' }
  // A text or items that the file calls numbers: nobody would look into them. Items that it calls a
  // text would come back as one UID.
  const standard = dictionaryEntry(tag)?.vr
  const isOther =
    standard === 'SQ' ? vr !== 'SQ' : standard !== undefined && isJudged(standard) && !isJudged(vr)
  if (isOther) {
    return { action: 'X', rule: 'VR of another kind' }
  }
  // Only icons have pixels within items; nobody searches pixels for words.
  const isWithinIcon = path.includes('00880200.')
  if (tag.startsWith('7FE0') && path !== tag && !isWithinIcon) {
    return { action: 'X', rule: 'pixels within an item' }
  }
  const row = tableRow(tag)
  if (tag === PATIENT_NAME || tag === PATIENT_ID) return { action: 'P', rule: row?.basic ?? 'Z' }
  if (ATTESTED.has(tag)) return { action: vr === 'SQ' ? 'K' : 'C-text', rule: 'attestation' }
  if (row !== undefined) {
    return (
      underOptions(profile, row, vr) ?? underBasic(row, typeOf(sopClassUid, path, siblings), vr)
    )
  }
  const entry = dictionaryEntry(tag)
  if (entry === undefined) return { action: 'X', rule: 'unknown' }
  if (entry.isRetired) return { action: 'X', rule: 'retired' }
  if (tag === 'FFFCFFFC') return { action: 'X', rule: 'padding' }
  if (vr === 'UN') return { action: 'X', rule: 'unknown-vr' }
  if (vr === 'PN') return { action: 'X', rule: 'person-name' }
  if (vr === 'DA' || vr === 'DT') return dateRule(profile)
  if (CLASS_UIDS.has(tag)) return { action: 'K', rule: 'uid of a class' }
  if (vr === 'UI') {
    return profile.options.has('retain-uids')
      ? { action: 'K', rule: 'uid retained' }
      : { action: 'U', rule: 'uid' }
  }
  // Free text that the table forgot is as free as that which it names.
  const isFree = vr === 'LT' || vr === 'ST' || vr === 'UT'
  const isCleaned = isFree && profile.options.has('clean-descriptors')
  return { action: isCleaned ? 'C-text' : 'K', rule: 'not-in-table' }
}

/** UIDs of kinds of things, which somebody registered, not of things. */
const CLASS_UIDS: ReadonlySet<Tag> = new Set([
  '00080016', // SOP Class UID
  '0008001A', // Related General SOP Class UID
  '0008001B', // Original Specialized SOP Class UID
  '00080062', // SOP Classes in Study
  '0008010C', // Coding Scheme UID
  '0008010D', // Context Group Extension Creator UID
  '00080117', // Context UID
  '00080118', // Mapping Resource UID
  '0008040E', // Stored Instance Transfer Syntax UID
  '00081150', // Referenced SOP Class UID
  '0008115A', // SOP Classes Supported
  '00083002', // Available Transfer Syntax UID
  '04000010', // MAC Calculation Transfer Syntax UID
  '04000510', // Encrypted Content Transfer Syntax UID
  '30100052', // Pertinent SOP Classes in Study
  '30100053', // Pertinent SOP Classes in Series
])

function overrideAction(action: OverrideAction, vr: Vr): Action {
  if (action !== 'C') return action
  return vr === 'DA' || vr === 'DT' ? 'C-date' : 'C-text'
}

/** Dates that the table does not name go by the profile's way with dates. */
function dateRule(profile: Profile): Resolution {
  if (profile.options.has('retain-full-dates')) return { action: 'K', rule: 'moment retained' }
  if (profile.options.has('retain-modified-dates')) return { action: 'C-date', rule: 'moment' }
  return { action: 'X', rule: 'moment' }
}

/** The selected option that applies; where several do, the one that cleans. */
function underOptions(profile: Profile, row: TableRow, vr: Vr): Resolution | undefined {
  let kept: Resolution | undefined
  for (const [option, letter] of row.under) {
    if (!profile.options.has(option)) continue
    const rule = `${row.basic}, ${letter} by ${option}`
    if (letter === 'K') {
      kept ??= { action: 'K', rule }
      continue
    }
    const action = cleanAction(option, vr)
    if (action !== undefined) return { action, rule }
  }
  return kept
}

/** undefined: what cannot be cleaned goes by the Basic Profile. */
function cleanAction(option: Option, vr: Vr): Action | undefined {
  switch (option) {
    case 'retain-modified-dates':
      // Offsets are whole days: times and zones stay, and sequences of dated items are walked.
      if (vr === 'DA' || vr === 'DT') return 'C-date'
      return vr === 'TM' || vr === 'SQ' || vr === 'SH' ? 'K' : undefined
    case 'clean-structured-content':
      return vr === 'SQ' ? 'C-content' : undefined
    case 'clean-graphics':
      // Annotations stay with cleaned texts; nobody can read what a bitmap of an overlay shows.
      return vr === 'SQ' ? 'K' : vr === 'LT' ? 'C-text' : undefined
    default:
      // What no text is, nobody can clean.
      return vr === 'SQ' ? 'K' : TEXTS.has(vr) ? 'C-text' : undefined
  }
}

/** Whether its content is looked at before it is kept. */
function isJudged(vr: Vr): boolean {
  return vr === 'SQ' || TEXTS.has(vr)
}

const TEXTS: ReadonlySet<Vr> = new Set([...CHARSET_VRS, 'AE', 'CS', 'UR'])

function underBasic(row: TableRow, { type, isConditional }: Typed, vr: Vr): Resolution {
  const resolution = byType(row, type, vr)
  return isConditional ? { ...resolution, isConditional } : resolution
}

function byType(row: TableRow, type: AttributeType, vr: Vr): Resolution {
  const rule = type === undefined ? row.basic : `${row.basic}, Type ${type}`
  switch (row.basic) {
    case 'D':
    case 'X':
    case 'U':
      return { action: row.basic, rule: row.basic }
    case 'X/Z/U*':
      return { action: 'U', rule: row.basic }
    case 'Z':
      // Z may be a dummy (table E.1-1a), which Type 1 needs.
      return { action: type === 1 ? 'D' : 'Z', rule }
  }
  // Of an IOD that is not known, nothing may be missing or empty: a dummy conforms everywhere.
  if (type === 1 || type === undefined) return { action: 'D', rule }
  if (type === 3 && row.basic.includes('X')) return { action: 'X', rule }
  if (row.basic.includes('Z')) return { action: 'Z', rule }
  return { action: vr === 'SQ' && type === 3 ? 'X' : 'D', rule }
}

/** Of UN and OB nobody knows what they hold. */
function areNumbers(vrs: ReadonlySet<Vr>): boolean {
  const known = [...vrs].filter((vr) => vr !== 'UN' && vr !== 'OB')
  return known.length > 0 && !known.some(isJudged)
}

function resolvePrivate(profile: Profile, tag: Tag, vr: Vr, place: Place): Resolution {
  const remove: Resolution = { action: 'X', rule: 'X, private' }
  if (!profile.options.has('retain-safe-private') || place.creator === '') return remove
  const step = privateStep(tag, place.creator)
  // A safe attribute is as safe inside public sequences, such as functional groups.
  const isWithinPublic = place.steps.every((each) => !each.includes(' '))
  const safe =
    safePrivate([...place.steps, step]) ?? (isWithinPublic ? safePrivate([step]) : undefined)
  if (safe === undefined) return remove
  if (isJudged(vr) && areNumbers(safe.vrs)) return { action: 'X', rule: 'VR of another kind' }
  const rule = 'X, C by retain-safe-private'
  if (safe.action === 'K') return { action: 'K', rule }
  if (safe.action === 'U') return vr === 'UI' ? { action: 'U', rule } : remove
  // A date in another VR cannot be shifted here.
  if (vr !== 'DA' && vr !== 'DT') return remove
  return profile.options.has('retain-modified-dates') ? { action: 'C-date', rule } : remove
}
