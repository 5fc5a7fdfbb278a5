/**
 * The chain of entries: each holds the hash of the one before and a signature over its own, so an
 * edit, a deletion, an insertion or a swap breaks it, a chain that was computed anew lacks the
 * signatures, and an end that was cut off is seen against an anchor kept elsewhere.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { canonicalJson } from './canonical.ts'
import { checkFact, type Entry, type Fact, parseEntry } from './entry.ts'
import type { LedgerSigner } from './signer.ts'

export type LedgerFaultCode =
  /** Not an entry, or not written as this code writes it. */
  | 'LEDGER_UNREADABLE'
  | 'LEDGER_SEQUENCE'
  | 'LEDGER_PREVIOUS'
  | 'LEDGER_HASH'
  /** Signed with another key than the one whose turn it is. */
  | 'LEDGER_KEY'
  | 'LEDGER_SIGNATURE'
  /** The last line has no end: a crash or a cut. */
  | 'LEDGER_TORN'
  /** The entry that the anchor names is not there, or is another one. */
  | 'LEDGER_ANCHOR'
  | 'LEDGER_EMPTY'

export interface LedgerFault {
  readonly code: LedgerFaultCode
  /** From 1. */
  readonly line: number
}

export interface VerifiedLedger {
  /** Up to the first fault. */
  readonly entries: readonly Entry[]
  readonly fault: LedgerFault | undefined
  /** Signatures were compared; without keys only the chain is. */
  readonly isSignatureChecked: boolean
}

const NOTHING_BEFORE = '0'.repeat(64)

/** `12:3f…`: what to keep elsewhere, or to give to the review board. */
export function anchorOf(entry: Entry): string {
  return `${entry.sequence}:${entry.hash}`
}

/** The next entry. Throws LedgerError for what may not stand in a ledger. */
export function nextEntry(
  fact: Fact,
  context: {
    readonly last: Entry | undefined
    readonly signer: LedgerSigner
    readonly time: string
  },
): Entry {
  const { last, signer, time } = context
  const unsigned = {
    ...checkFact(fact),
    sequence: (last?.sequence ?? 0) + 1,
    time,
    key: signer.key,
    previous: last?.hash ?? NOTHING_BEFORE,
  }
  const hash = hashOf(unsigned)
  return { ...unsigned, hash, mac: signer.sign(hash) }
}

/** One line of the file, without its end. */
export function lineOf(entry: Entry): string {
  return canonicalJson(entry)
}

/** The key that has to sign what comes after these entries. */
export function keyInTurn(entries: readonly Entry[]): string | undefined {
  let key = entries[0]?.key
  for (const entry of entries) if (entry.kind === 'key-rotated') key = entry.to
  return key
}

/** `signers`: of all keys of the project, old ones too; none: signatures stay unchecked. */
export function verifyLedger(
  text: string,
  options: { readonly signers?: readonly LedgerSigner[]; readonly anchor?: string } = {},
): VerifiedLedger {
  const { signers = [], anchor } = options
  const isSignatureChecked = signers.length > 0
  const byKey = new Map(signers.map((signer) => [signer.key, signer]))
  const entries: Entry[] = []
  const ended = (fault: LedgerFault | undefined): VerifiedLedger => ({
    entries,
    fault,
    isSignatureChecked,
  })
  const lines = text.split('\n')
  const torn = lines.pop()
  let key: string | undefined
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line)
    const code =
      entry === undefined || lineOf(entry) !== line
        ? 'LEDGER_UNREADABLE'
        : faultOf(entry, entries.at(-1), key ?? entry.key, isSignatureChecked ? byKey : undefined)
    if (entry === undefined || code !== undefined) {
      return ended({ code: code ?? 'LEDGER_UNREADABLE', line: index + 1 })
    }
    entries.push(entry)
    key = entry.kind === 'key-rotated' ? entry.to : (key ?? entry.key)
  }
  if (torn !== '') return ended({ code: 'LEDGER_TORN', line: lines.length + 1 })
  if (entries.length === 0) return ended({ code: 'LEDGER_EMPTY', line: 1 })
  if (anchor !== undefined && !entries.some((entry) => anchorOf(entry) === anchor)) {
    return ended({ code: 'LEDGER_ANCHOR', line: entries.length })
  }
  return ended(undefined)
}

function faultOf(
  entry: Entry,
  last: Entry | undefined,
  keyInTurnNow: string,
  signers: ReadonlyMap<string, LedgerSigner> | undefined,
): LedgerFaultCode | undefined {
  if (entry.sequence !== (last?.sequence ?? 0) + 1) return 'LEDGER_SEQUENCE'
  if ((entry.kind === 'opened') !== (last === undefined)) return 'LEDGER_SEQUENCE'
  if (entry.previous !== (last?.hash ?? NOTHING_BEFORE)) return 'LEDGER_PREVIOUS'
  const { hash, mac, ...unsigned } = entry
  if (hashOf(unsigned) !== hash) return 'LEDGER_HASH'
  if (entry.key !== keyInTurnNow) return 'LEDGER_KEY'
  if (signers === undefined) return undefined
  const signer = signers.get(entry.key)
  if (signer === undefined) return 'LEDGER_KEY'
  return signer.sign(hash) === mac ? undefined : 'LEDGER_SIGNATURE'
}

function hashOf(unsigned: Omit<Entry, 'hash' | 'mac'>): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalJson({ ...unsigned }))))
}
