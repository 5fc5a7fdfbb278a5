/**
 * The hospital's encrypted table of pseudonyms. Its first line names the persons who may open it,
 * each with a share of the private key under an own passphrase; the other lines are records that
 * were sealed by the process that parsed the original, one for each study. Appending needs no secret.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import * as z from 'zod'
import { UsageError } from './complaint.ts'
import { withLock } from './lock.ts'
import type { SealedRecord, TableKey } from './record-sealer.ts'

const bytes = z.base64()
const person = z.strictObject({
  name: z.string().min(1),
  number: z.int().min(1).max(255),
  salt: bytes,
  nonce: bytes,
  /** The share, AES-256-GCM with a key from scrypt, and its tag. */
  share: bytes,
})
const header = z.strictObject({
  schema: z.literal('pandok-pseudonym-table-1'),
  publicKey: bytes,
  persons: z.array(person).min(2).max(255),
})
const record = z.strictObject({ pseudonym: z.string(), study: z.string(), sealed: bytes })

export type TableHeader = z.infer<typeof header>
export type TablePerson = z.infer<typeof person>

/** What the ledger calls a table: an exchanged public key is another table. */
export function tableFingerprint({ publicKey }: TableHeader): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16)
}

export function writeTable(path: string, made: TableHeader): void {
  writeFileSync(path, `${JSON.stringify(made)}\n`, { mode: 0o600, flag: 'wx', flush: true })
}

export function readTable(path: string): { header: TableHeader; records: SealedRecord[] } {
  const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n')
  const parsed = header.safeParse(jsonOf(first))
  if (!parsed.success) throw new UsageError('the pseudonym table is none or is damaged')
  const records = lines.flatMap((line) => {
    const each = record.safeParse(jsonOf(line))
    return each.success ? [each.data] : []
  })
  return { header: parsed.data, records }
}

export interface PseudonymTable {
  readonly key: TableKey
  /** On the disk before anything is placed under the pseudonym. */
  readonly add: (sealed: SealedRecord) => void
}

export function openTable(path: string): PseudonymTable {
  return withLock(path, () => {
    // A last line that a crash tore: its output was not placed, so the record comes again.
    const whole = readFileSync(path)
    const end = whole.lastIndexOf(0x0a) + 1
    if (end > 0 && end < whole.length) truncateSync(path, end)
    const { header: own, records } = readTable(path)
    const known = new Set(records.map(nameOf))
    return {
      key: { table: tableFingerprint(own), publicKey: Buffer.from(own.publicKey, 'base64') },
      add: (sealed) => {
        if (known.has(nameOf(sealed))) return
        append(path, `${JSON.stringify(sealed)}\n`)
        known.add(nameOf(sealed))
      },
    }
  })
}

function append(path: string, line: string): void {
  withLock(path, () => {
    const fd = openSync(path, 'a')
    try {
      const text = Buffer.from(line)
      for (let at = 0; at < text.length; ) at += writeSync(fd, text, at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  })
}

function nameOf({ pseudonym, study }: SealedRecord): string {
  return `${pseudonym} ${study}`
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
