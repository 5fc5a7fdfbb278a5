/**
 * One action for every attribute. The rules, in their order:
 *
 * 1. private attributes and group lengths go (PS3.15 E.1, E.3.10);
 * 2. what identifies the object for the archive is set by the engine (UIDs, pseudonym, attestation);
 * 3. table E.1-1, compound codes resolved by the attribute's Type in the IOD;
 * 4. what the table does not name passes only when PS3.6 knows it, and even then not when its VR
 *    can hold a person's name, a moment or a UID: those are removed, shifted or replaced.
 */
import { dictionaryEntry, isPrivate, type Tag, type Vr } from '../dicom/index.ts'
import { CT_IMAGE_STORAGE, CT_IMAGE_TYPES } from './ct-image.ts'
import { EDITION, tableRow } from './table.ts'

/**
 * D dummy, Z empty, X remove, K keep (sequences: their items are cleaned), U replace UIDs
 * consistently, C-date shift by the subject's offset, P pseudonym.
 */
export type Action = 'D' | 'Z' | 'X' | 'K' | 'U' | 'C-date' | 'P'

export interface Resolution {
  readonly action: Action
  /** The rule it follows: the code of table E.1-1 as written, or the name of our own rule. */
  readonly rule: string
}

export const PROFILE_NAME = `basic-modified-dates-${EDITION}`

/** SOP classes with a table of types; others are refused until they have one. */
const TYPES_BY_SOP_CLASS = new Map([[CT_IMAGE_STORAGE, CT_IMAGE_TYPES]])

export function isSopClassHandled(sopClassUid: string): boolean {
  return TYPES_BY_SOP_CLASS.has(sopClassUid)
}

const PATIENT_NAME = '00100010'
const PATIENT_ID = '00100020'

export function resolveAction(tag: Tag, vr: Vr, sopClassUid: string): Resolution {
  if (isPrivate(tag)) return { action: 'X', rule: 'private' }
  if (tag === PATIENT_ID || tag === PATIENT_NAME) {
    return { action: 'P', rule: tableRow(tag)?.basic ?? 'Z' }
  }
  const row = tableRow(tag)
  if (row !== undefined) return fromTable(tag, vr, row, sopClassUid)
  const entry = dictionaryEntry(tag)
  if (entry === undefined) return { action: 'X', rule: 'unknown' }
  if (entry.isRetired) return { action: 'X', rule: 'retired' }
  if (vr === 'UN') return { action: 'X', rule: 'unknown-vr' }
  if (vr === 'PN') return { action: 'X', rule: 'person-name' }
  if (vr === 'DA' || vr === 'DT') return { action: 'C-date', rule: 'moment' }
  if (vr === 'UI') return { action: 'U', rule: 'uid' }
  return { action: 'K', rule: 'not-in-table' }
}

function fromTable(
  tag: Tag,
  vr: Vr,
  row: { basic: string; modifiedDates: string },
  sopClassUid: string,
): Resolution {
  const rule = row.basic
  if (row.modifiedDates === 'C') {
    // Offsets are whole days: times of day stay, and sequences of dated items are walked.
    if (vr === 'DA' || vr === 'DT') return { action: 'C-date', rule: `${rule} → C (113107)` }
    if (vr === 'TM' || vr === 'SQ') return { action: 'K', rule: `${rule} → C (113107)` }
  }
  if (rule === 'X/Z/U*') return { action: 'U', rule }
  const type = TYPES_BY_SOP_CLASS.get(sopClassUid)?.get(tag)
  const codes = rule.split('/')
  const wanted = type === 1 ? 'D' : type === 2 ? 'Z' : 'X'
  // Where the code does not offer what the Type allows, the next stronger demand is met.
  const order = { D: ['D'], Z: ['Z', 'D', 'X'], X: ['X', 'Z', 'D'] }[wanted]
  const action = order.find((each) => codes.includes(each)) ?? codes[0]
  // A sequence cannot be a dummy: no Type 1 sequence of the table belongs to a handled IOD.
  if (action === 'D' && vr === 'SQ') return { action: 'X', rule }
  if (action === 'D' || action === 'Z' || action === 'X' || action === 'U') return { action, rule }
  return { action: 'X', rule }
}
