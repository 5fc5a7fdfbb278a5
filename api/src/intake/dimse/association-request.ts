/**
 * What a requestor proposes: A-ASSOCIATE-RQ (PS3.8 9.3.2). Items of two levels, each with a length of two
 * bytes that may not leave the one around it; items that nobody here needs are passed over.
 *
 * In: the body of the PDU, behind its length. Out: titles and presentation contexts. Throws a DimseError.
 */
import { DimseError } from './dimse-error.ts'

export interface ProposedContext {
  readonly id: number
  readonly abstractSyntaxUid: string
  readonly transferSyntaxUids: readonly string[]
}

export interface AssociationRequest {
  readonly called: string
  readonly calling: string
  /** Both titles as they came: an answer repeats them (PS3.8 table 9-17). */
  readonly titles: Buffer
  readonly isKnownVersion: boolean
  readonly applicationContextName: string
  readonly contexts: readonly ProposedContext[]
  /** What the requestor takes of a P-DATA-TF; 0: anything. */
  readonly maxDataBytes: number
}

const FIXED_BYTES = 68
const TITLE_BYTES = 16
const RESERVED_BYTES = 32
const ITEM_HEADER_BYTES = 4
const ITEM = {
  applicationContext: 0x10,
  presentationContext: 0x20,
  abstractSyntax: 0x30,
  transferSyntax: 0x40,
  userInformation: 0x50,
  maximumLength: 0x51,
} as const
/** PS3.8 9.3.2.2: odd numbers of one byte. */
const MAX_CONTEXTS = 128
const MAX_UID_BYTES = 64
/** PS3.8 D.1: what cannot hold one byte of a message is no length. */
const MIN_DATA_BYTES = 7

export function readAssociationRequest(body: Buffer): AssociationRequest {
  if (body.length < FIXED_BYTES) throw invalid('length of A-ASSOCIATE-RQ')
  const titles = body.subarray(4, 4 + 2 * TITLE_BYTES)
  const seen: { name?: string; user?: Buffer } = {}
  const contexts = new Map<number, ProposedContext>()
  for (const { type, value } of itemsOf(body.subarray(4 + 2 * TITLE_BYTES + RESERVED_BYTES))) {
    if (type === ITEM.applicationContext) {
      if (seen.name !== undefined) throw invalid('two application contexts')
      seen.name = uidOf(value)
    } else if (type === ITEM.presentationContext) {
      const context = readContext(value)
      if (contexts.has(context.id)) throw invalid('two presentation contexts of one id')
      contexts.set(context.id, context)
    } else if (type === ITEM.userInformation) {
      if (seen.user !== undefined) throw invalid('two items of user information')
      seen.user = value
    }
  }
  if (seen.name === undefined) throw invalid('no application context')
  if (contexts.size === 0 || contexts.size > MAX_CONTEXTS) {
    throw invalid('number of presentation contexts')
  }
  return {
    called: titleOf(titles.subarray(0, TITLE_BYTES)),
    calling: titleOf(titles.subarray(TITLE_BYTES)),
    titles,
    isKnownVersion: (body.readUInt16BE(0) & 1) === 1,
    applicationContextName: seen.name,
    contexts: [...contexts.values()],
    maxDataBytes: maxDataBytesOf(seen.user ?? Buffer.alloc(0)),
  }
}

function readContext(value: Buffer): ProposedContext {
  if (value.length < 4) throw invalid('length of a presentation context')
  const id = value.readUInt8(0)
  if (id % 2 === 0) throw invalid('id of a presentation context')
  const abstract: string[] = []
  const transferSyntaxUids: string[] = []
  for (const item of itemsOf(value.subarray(4))) {
    if (item.type === ITEM.abstractSyntax) abstract.push(uidOf(item.value))
    else if (item.type === ITEM.transferSyntax) transferSyntaxUids.push(uidOf(item.value))
  }
  const [abstractSyntaxUid] = abstract
  if (abstractSyntaxUid === undefined || abstract.length > 1 || transferSyntaxUids.length === 0) {
    throw invalid('syntaxes of a presentation context')
  }
  return { id, abstractSyntaxUid, transferSyntaxUids }
}

function maxDataBytesOf(user: Buffer): number {
  for (const { type, value } of itemsOf(user)) {
    if (type !== ITEM.maximumLength) continue
    if (value.length !== 4) throw invalid('length of the maximum length')
    const max = value.readUInt32BE(0)
    if (max !== 0 && max < MIN_DATA_BYTES) throw invalid('maximum length')
    return max
  }
  return 0
}

function* itemsOf(bytes: Buffer): Generator<{ type: number; value: Buffer }, void, undefined> {
  let at = 0
  while (at < bytes.length) {
    if (at + ITEM_HEADER_BYTES > bytes.length) throw invalid('a torn item')
    const start = at + ITEM_HEADER_BYTES
    const end = start + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) throw invalid('an item beyond its parent')
    yield { type: bytes.readUInt8(at), value: bytes.subarray(start, end) }
    at = end
  }
}

/** Some pad it, although nobody should (PS3.8 F). */
function uidOf(value: Buffer): string {
  const text = value.toString('latin1').replace(/[\0 ]+$/, '')
  if (text.length > MAX_UID_BYTES || !/^[0-9.]+$/.test(text)) throw invalid('a UID')
  return text
}

/** Leading and trailing spaces mean nothing (PS3.8 table 9-11); what cannot be a title is none. */
function titleOf(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/\0+$/, '').trim()
  return /^[\x20-\x5b\x5d-\x7e]+$/.test(text) ? text : ''
}

function invalid(detail: string): DimseError {
  return new DimseError('invalid-parameter', detail)
}
