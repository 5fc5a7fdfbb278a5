/** What of an entry leaves the server: its fields by the contract's names, without the signature. */
import { type Entry, type FactOf, parseEntry } from '@pandok/anonymizer/ledger'
import { type LedgerEntry, PandokError } from '@pandok/contract'
import type { z } from 'zod'
import type { EntryRow } from './store.ts'

/** What we wrote ourselves; anything else is for `verify` to tell. */
export function entryOf(line: string): Entry {
  const entry = parseEntry(line)
  if (entry === undefined) throw new PandokError('INTERNAL', 'a line of the ledger is not readable')
  return entry
}

export function presented({ line, kind, objectId, by }: EntryRow): z.input<typeof LedgerEntry> {
  const entry = entryOf(line)
  const about = entry.kind === 'deidentified' ? entry : undefined
  const copy = entry.kind === 'copied' ? entry : undefined
  return {
    sequence: entry.sequence,
    at: entry.time,
    kind,
    objectId,
    by,
    purpose: about?.purpose ?? null,
    legalBasis: about?.basis ?? null,
    profile:
      about === undefined ? null : { label: about.profile.label, digest: about.profile.sha256 },
    keyFingerprint: about?.keyUsed ?? entry.key,
    recipient: about?.recipient ?? copy?.recipient ?? null,
    place: copy?.place ?? null,
    period: periodOf(entry),
    counts: about === undefined ? {} : countsOf(about),
    digest: entry.hash,
  }
}

function periodOf(entry: Entry): { from: string; until: string } | null {
  if (entry.kind === 'deidentified') return { from: entry.from, until: entry.until }
  return entry.kind === 'copied' ? { from: entry.time.slice(0, 10), until: entry.until } : null
}

/** Refusals by their codes, beside the other counts. */
function countsOf({ counts }: FactOf<'deidentified'>): Record<string, number> {
  const { refused, inputs, written, subjects } = counts
  return { inputs, written, subjects, ...refused }
}
