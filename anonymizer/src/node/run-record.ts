/**
 * What a run leaves on record besides its report: an entry in the hospital's ledger (개인정보 보호법
 * 28-4) before its first output, for it may be killed, and one when it ends, early or not.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Entry, Fact } from '../ledger/entry.ts'
import type { Profile } from '../profile/profile.ts'
import { readRecipient } from './cms.ts'
import { UsageError } from './complaint.ts'
import { type KeyFile, refuseWithin } from './key-file.ts'
import type { Outcome } from './place.ts'
import type { PseudonymTable } from './pseudonym-table.ts'
import { today } from './today.ts'

export const RECORD_OPTIONS = {
  key: { type: 'string' },
  ledger: { type: 'string' },
  purpose: { type: 'string' },
  about: { type: 'string' },
  basis: { type: 'string' },
  recipient: { type: 'string' },
  until: { type: 'string' },
  'pseudonym-table': { type: 'string' },
  'encrypt-attributes': { type: 'string', multiple: true },
} as const

export const RECORD_HELP = `  [--key FINGERPRINT]     a retired key of the key file, to check or finish what was made with it
  [--ledger FILE          records the run; with it:
     --purpose statistics|scientific-research|public-interest-archiving --about TEXT
     --basis TEXT --recipient TEXT --until YYYY-MM-DD
     [--pseudonym-table FILE]] writes the encrypted way back; see pandok pseudonyms
  [--encrypt-attributes CERT.pem]… original values go along, readable for these recipients only
                          (PS3.15 E.1.1; the profile has to say encryptedAttributes: keep)
`

export interface RecordOptions {
  readonly key: string | undefined
  readonly ledger: LedgerOptions | undefined
  /** In PEM. */
  readonly certificates: readonly string[]
}

type Agreed = 'purpose' | 'about' | 'basis' | 'recipient' | 'until'

interface LedgerOptions extends Readonly<Record<Agreed, string>> {
  readonly path: string
  readonly table: string | undefined
}

type Values = {
  readonly [K in Exclude<keyof typeof RECORD_OPTIONS, 'encrypt-attributes'>]?: string | undefined
} & { readonly 'encrypt-attributes'?: readonly string[] | undefined }

export interface RunRecord {
  readonly table: PseudonymTable | undefined
  /** Before the first output. */
  readonly begin: () => void
  readonly add: (outcome: Outcome) => void
  /** The anchor of the ledger. undefined for a report: the run ended before there was one. */
  readonly finish: (report: string | undefined) => string | undefined
}

export function readRecordOptions(values: Values, out: string): RecordOptions {
  const { key, ledger } = values
  const table = values['pseudonym-table']
  const certificates = (values['encrypt-attributes'] ?? []).map((path) =>
    readFileSync(path, 'utf8'),
  )
  if (ledger === undefined) {
    if (table === undefined) return { key, ledger: undefined, certificates }
    throw new UsageError('--pseudonym-table asks for --ledger: the way back is on record')
  }
  refuseWithin(ledger, out, 'the ledger')
  if (table !== undefined) refuseWithin(table, out, 'the pseudonym table')
  const said = (name: Agreed): string => {
    const text = values[name]
    if (text === undefined) throw new UsageError(`--ledger asks for --${name}; see --help`)
    return text
  }
  return {
    key,
    certificates,
    ledger: {
      path: resolve(ledger),
      table: table === undefined ? undefined : resolve(table),
      purpose: said('purpose'),
      about: said('about'),
      basis: said('basis'),
      recipient: said('recipient'),
      until: said('until'),
    },
  }
}

/** What may not be recorded is said before the work, not after it. */
export async function openRunRecord(
  { ledger, certificates }: RecordOptions,
  run: { profile: Profile; keys: KeyFile; fingerprint: string; isDryRun: boolean },
): Promise<RunRecord> {
  const recipients = certificates.map((pem) => readRecipient(pem, new Date()))
  if (recipients.length > 0 && run.profile.encryptedAttributes !== 'keep') {
    throw new UsageError('--encrypt-attributes: the profile does not say encryptedAttributes: keep')
  }
  if (ledger === undefined || run.isDryRun) {
    const nothing = () => undefined
    return { table: undefined, begin: nothing, add: nothing, finish: nothing }
  }
  // Loaded by those who use it: the command starts with a child, not with libraries.
  const { appendToLedger } = await import('./ledger-file.ts')
  const { anchorOf } = await import('../ledger/chain.ts')
  const { checkFact, PURPOSES, LedgerError } = await import('../ledger/entry.ts')
  const { profileDigest } = await import('../profile/digest.ts')
  const purpose = PURPOSES.find((each) => each === ledger.purpose)
  if (purpose === undefined) throw new UsageError(`--purpose: one of ${PURPOSES.join(', ')}`)
  const from = today()
  if (ledger.until < from) throw new UsageError('--until: a day that is not over')
  const { about, basis, recipient, until } = ledger
  const { profile, keys, fingerprint } = run
  const table =
    ledger.table === undefined
      ? undefined
      : (await import('./pseudonym-table.ts')).openTable(ledger.table)
  const counts = { inputs: 0, written: 0, unchanged: 0, passedOver: 0 }
  const refused: Record<string, number> = {}
  const subjects = new Set<string>()
  const terms = {
    purpose,
    about,
    basis,
    recipient,
    from,
    until,
    profile: { label: profile.label, sha256: profileDigest(profile) },
    keyUsed: fingerprint,
    pseudonymTable: table?.key.table ?? null,
    encryptedFor: recipients.map((each) => each.fingerprint),
  }
  const begun = checkFact({ kind: 'deidentification-begun', ...terms })
  let beginning: Entry | undefined
  const append = (fact: Fact): Entry => {
    const last = appendToLedger(ledger.path, keys, () => [fact]).at(-1)
    if (last === undefined) throw new LedgerError('nothing was appended')
    return last
  }
  const entries = appendToLedger(ledger.path, keys, () => [])
  const isKnown = entries.some(
    (each) => each.kind === 'pseudonym-table-opened' && each.table === table?.key.table,
  )
  // An exchanged public key would send the way back to somebody else.
  if (table !== undefined && !isKnown) {
    throw new UsageError(
      'the ledger does not know this pseudonym table: see pandok pseudonyms init',
    )
  }
  return {
    table,
    begin: () => {
      beginning = append(begun)
    },
    add: (outcome) => {
      counts.inputs++
      switch (outcome.kind) {
        case 'passed-over':
          counts.passedOver++
          break
        case 'refused':
          refused[outcome.code] = (refused[outcome.code] ?? 0) + 1
          break
        default:
          counts[outcome.kind]++
          subjects.add(outcome.path.split(/[\\/]/)[0] ?? '')
      }
    },
    finish: (report) =>
      anchorOf(
        append({
          kind: 'deidentified',
          ...terms,
          ...(beginning === undefined ? {} : { begun: beginning.sequence }),
          counts: { ...counts, refused, subjects: subjects.size },
          isComplete: report !== undefined,
          reportSha256: report === undefined ? null : sha256Of(report),
        }),
      ),
  }
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
