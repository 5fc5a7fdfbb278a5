/**
 * What a ledger says (개인정보 보호법 28-4: purpose, period and recipient of pseudonymised data, kept
 * three years after destruction). Facts of many kinds, and the entry that holds one in the chain.
 * Never a patient's value: texts are short, and refused when they hold what looks like one.
 */
import * as z from 'zod'
import { identifiersFrom } from '../actions/identifiers.ts'

/** For what the law allows pseudonymised data without consent (28-2). */
export const PURPOSES = ['statistics', 'scientific-research', 'public-interest-archiving'] as const

const forms = identifiersFrom([])

const text = z
  .string()
  .min(1)
  .max(300)
  .refine((each) => each === each.trim() && !/\p{Cc}/u.test(each), 'one line without spaces around')
  .refine((each) => each.isWellFormed(), 'not a text')
  .refine(
    (each) => forms.removeKnown(each) === each,
    'holds what looks like a resident number or an e-mail address; a ledger holds no such value',
  )
const count = z.int().min(0)
const date = z.iso.date('a date such as 2026-12-31')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const fingerprint = z.string().regex(/^[0-9a-f]{16}$/)
/** Number of an earlier entry. */
const reference = z.int().min(1)
const code = z.string().regex(/^[A-Z][A-Z0-9_]{1,39}$/)
const pseudonym = z.string().regex(/^[A-Z]{1,4}\d{4,9}$/)

const opened = z.strictObject({
  kind: z.literal('opened'),
  /** Random: an entry of another ledger never fits here. */
  ledger: z.string().regex(/^[0-9a-f]{32}$/),
})

/** What a run is for, and with what it works. */
const terms = {
  purpose: z.enum(PURPOSES),
  /** What exactly for. */
  about: text,
  /** Approval, contract or article of law. */
  basis: text,
  recipient: text,
  from: date,
  until: date,
  profile: z.strictObject({ label: text, sha256 }),
  /** Under which pseudonyms and UIDs were derived. */
  keyUsed: fingerprint,
  /** Fingerprint of the pseudonym table that the run wrote to. */
  pseudonymTable: fingerprint.nullable(),
  /** Certificates of those for whom original values went along encrypted (PS3.15 E.1.1). */
  encryptedFor: z.array(sha256),
}

/** Before the first output; where no `deidentified` names it, the run goes on or was killed. */
const begun = z.strictObject({ kind: z.literal('deidentification-begun'), ...terms })

const deidentified = z.strictObject({
  kind: z.literal('deidentified'),
  ...terms,
  /** Entry that was made when the run began. */
  begun: reference.exactOptional(),
  counts: z.strictObject({
    inputs: count,
    written: count,
    /** Written by an earlier run. */
    unchanged: count,
    refused: z.record(code, count),
    passedOver: count,
    subjects: count,
  }),
  /** False: the run ended early; the counts are of what it had done. */
  isComplete: z.boolean(),
  reportSha256: sha256.nullable(),
})

const copied = z.strictObject({
  kind: z.literal('copied'),
  /** Entry of the run or of the copy that it was made from. */
  of: reference,
  what: text,
  recipient: text,
  place: text,
  until: date,
})

const destroyed = z.strictObject({
  kind: z.literal('destroyed'),
  /** Entries of the copies that are no more. */
  copies: z.array(reference).min(1),
  on: date,
  how: text,
  by: text,
})

const keyRotated = z.strictObject({ kind: z.literal('key-rotated'), to: fingerprint })

const pseudonymTableOpened = z.strictObject({
  kind: z.literal('pseudonym-table-opened'),
  table: fingerprint,
  persons: z.array(text).min(2),
})

const reidentificationRequested = z.strictObject({
  kind: z.literal('reidentification-requested'),
  table: fingerprint,
  pseudonym,
  reason: text,
  by: text,
})

const reidentificationRefused = z.strictObject({
  kind: z.literal('reidentification-refused'),
  request: reference,
  code,
})

const reidentificationApproved = z.strictObject({
  kind: z.literal('reidentification-approved'),
  request: reference,
  person: text,
})

const reidentificationDone = z.strictObject({
  kind: z.literal('reidentification-done'),
  request: reference,
  /** How many records were shown. */
  records: count,
})

const checked = z.strictObject({
  kind: z.literal('checked'),
  /** Of the report whose outputs were looked through. */
  reportSha256: sha256,
  evidenceSha256: sha256,
  files: count,
  /** Files in which something was found that should not be there. */
  withFindings: count,
})

const repaired = z.strictObject({
  kind: z.literal('repaired'),
  /** A last line that was torn by a crash: what was cut off. */
  lostBytes: count,
  lostSha256: sha256,
})

const FACTS = [
  opened,
  begun,
  deidentified,
  copied,
  destroyed,
  keyRotated,
  pseudonymTableOpened,
  reidentificationRequested,
  reidentificationRefused,
  reidentificationApproved,
  reidentificationDone,
  checked,
  repaired,
] as const

const fact = z.discriminatedUnion('kind', FACTS)
const frame = z.object({
  /** From 1, without gaps. */
  sequence: z.int().min(1),
  /** UTC. */
  time: z.iso.datetime(),
  /** Fingerprint of the key that signed. */
  key: fingerprint,
  /** Hash of the entry before; sixty-four zeros for the first. */
  previous: sha256,
  /** SHA-256 of the canonical text of all but `hash` and `mac`. */
  hash: sha256,
  mac: sha256,
})

export type Fact = z.infer<typeof fact>
export type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>
export type Entry = Fact & z.infer<typeof frame>

/** What is wrong with what somebody wants to record. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
}

/** Throws LedgerError that names the field, never its value. */
export function checkFact(candidate: Fact): Fact {
  const result = fact.safeParse(candidate)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new LedgerError(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`)
}

/** undefined: no entry of ours. */
export function parseEntry(line: string): Entry | undefined {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return undefined
  }
  const framed = frame.loose().safeParse(json)
  if (!framed.success) return undefined
  const { sequence, time, key, previous, hash, mac, ...rest } = framed.data
  const own = fact.safeParse(rest)
  if (!own.success) return undefined
  return { ...own.data, sequence, time, key, previous, hash, mac }
}
