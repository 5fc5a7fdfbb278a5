/**
 * The authorised way back (개인정보 보호법 28-5 allows no other): a table whose private key two persons
 * have together and none alone, and an opening that is on record before anything is shown.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import type { Entry, Fact, FactOf } from '../ledger/entry.ts'
import { joinShares, type Share, splitSecret } from '../vault/shares.ts'
import { UsageError } from './complaint.ts'
import type { KeyFile } from './key-file.ts'
import { appendToLedger } from './ledger-file.ts'
import {
  readTable,
  type TableHeader,
  type TablePerson,
  tableFingerprint,
  writeTable,
} from './pseudonym-table.ts'
import { type Original, openRecord } from './record-sealer.ts'
import { createBoxKeys } from './sealed-box.ts'

/** 128 MiB and about half a second for each guess. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 }
const [KEY_BYTES, SALT_BYTES, NONCE_BYTES, TAG_BYTES] = [32, 16, 12, 16]

export interface Person {
  readonly name: string
  readonly passphrase: string
}

export interface Place {
  readonly table: string
  readonly ledger: string
  readonly keys: KeyFile
}

export interface Disclosed extends Original {
  readonly pseudonym: string
  /** Study Instance UID of the output. */
  readonly study: string
}

/** Makes the table and puts it on record. Its private key is nowhere but in the shares. */
export function openNewTable(place: Place, persons: readonly Person[]): readonly Entry[] {
  const names = persons.map(({ name }) => name)
  if (names.length < 2 || new Set(names).size < names.length) {
    throw new UsageError('--person: two or more, of different names')
  }
  const { publicKey, privateKey } = createBoxKeys()
  const shares = splitSecret(privateKey, persons.length, randomBytes(privateKey.length))
  const header: TableHeader = {
    schema: 'pandok-pseudonym-table-1',
    publicKey: Buffer.from(publicKey).toString('base64'),
    persons: shares.map((share, at) => lock(share, persons[at], publicKey)),
  }
  const fact: Fact = {
    kind: 'pseudonym-table-opened',
    table: tableFingerprint(header),
    persons: names,
  }
  // The table first: a table that is not on record is not written to.
  writeTable(place.table, header)
  return appendToLedger(place.ledger, place.keys, () => [fact])
}

/** The entry's number is what the request is called by. */
export function requestOpening(
  place: Place,
  request: Pick<FactOf<'reidentification-requested'>, 'pseudonym' | 'reason' | 'by'>,
): readonly Entry[] {
  const { header, records } = readTable(place.table)
  if (!records.some(({ pseudonym }) => pseudonym === request.pseudonym)) {
    throw new UsageError('the table has no record of this pseudonym')
  }
  const table = tableFingerprint(header)
  return appendToLedger(place.ledger, place.keys, () => [
    { kind: 'reidentification-requested', table, ...request },
  ])
}

/** What the request asks for. Refusals and approvals are on record, and so is this before it is given. */
export function openForRequest(
  place: Place,
  request: number,
  persons: readonly [Person, Person],
): Disclosed[] {
  const { header, records } = readTable(place.table)
  const table = tableFingerprint(header)
  const entries = appendToLedger(place.ledger, place.keys, () => [])
  const asked = entries.find(
    (entry) => entry.kind === 'reidentification-requested' && entry.sequence === request,
  )
  if (asked?.kind !== 'reidentification-requested' || asked.table !== table) {
    throw new UsageError('--request: the ledger has no such request for this table')
  }
  if (entries.some((each) => each.kind === 'reidentification-done' && each.request === request)) {
    throw new UsageError('this request was answered; another disclosure needs another request')
  }
  const say = (...facts: Fact[]) => {
    appendToLedger(place.ledger, place.keys, () => facts)
  }
  const refuse = (code: string, sentence: string): never => {
    say({ kind: 'reidentification-refused', request, code })
    throw new UsageError(sentence)
  }
  const [one, two] = persons
  const places = [personIn(header, one), personIn(header, two)] as const
  if (places[0] === places[1]) throw new UsageError('two different persons have to be there')
  const publicKey = Buffer.from(header.publicKey, 'base64')
  const shareOf = (at: 0 | 1): Share =>
    unlock(places[at], persons[at], publicKey) ??
    refuse('WRONG_PASSPHRASE', `the passphrase of ${persons[at].name} is another one`)
  const keys = { publicKey, privateKey: joinShares(shareOf(0), shareOf(1)) }
  say(
    { kind: 'reidentification-approved', request, person: one.name },
    { kind: 'reidentification-approved', request, person: two.name },
  )
  const disclosed: Disclosed[] = []
  for (const record of records) {
    if (record.pseudonym !== asked.pseudonym) continue
    const original = openRecord(table, record, keys)
    if (original === undefined) {
      return refuse('RECORD_CHANGED', 'a record of this pseudonym was changed; nothing is shown')
    }
    disclosed.push({ pseudonym: record.pseudonym, study: record.study, ...original })
  }
  if (new Set(disclosed.map(({ patientId }) => patientId.trim())).size > 1) {
    return refuse('TWO_PATIENTS', 'the pseudonym stands for two patients; nothing is shown')
  }
  say({ kind: 'reidentification-done', request, records: disclosed.length })
  return disclosed
}

function personIn({ persons }: TableHeader, { name }: Person): TablePerson {
  const person = persons.find((each) => each.name === name)
  if (person === undefined) throw new UsageError('--person: the table does not name this person')
  return person
}

function lock(share: Share, person: Person | undefined, publicKey: Uint8Array): TablePerson {
  if (person === undefined) throw new UsageError('a share without a person')
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(NONCE_BYTES)
  const key = scryptSync(person.passphrase, salt, KEY_BYTES, SCRYPT)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(beside(publicKey, person.name, share.number))
  const locked = Buffer.concat([cipher.update(share.bytes), cipher.final(), cipher.getAuthTag()])
  return {
    name: person.name,
    number: share.number,
    salt: salt.toString('base64'),
    nonce: nonce.toString('base64'),
    share: locked.toString('base64'),
  }
}

/** undefined: another passphrase, or the line was changed. */
function unlock(at: TablePerson, person: Person, publicKey: Uint8Array): Share | undefined {
  const locked = Buffer.from(at.share, 'base64')
  const end = locked.length - TAG_BYTES
  const key = scryptSync(person.passphrase, Buffer.from(at.salt, 'base64'), KEY_BYTES, SCRYPT)
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(at.nonce, 'base64'))
    decipher.setAAD(beside(publicKey, at.name, at.number)).setAuthTag(locked.subarray(end))
    const bytes = Buffer.concat([decipher.update(locked.subarray(0, end)), decipher.final()])
    return { number: at.number, bytes }
  } catch {
    return undefined
  }
}

function beside(publicKey: Uint8Array, name: string, number: number): Buffer {
  return Buffer.concat([publicKey, Buffer.from(`\n${name}\n${number}`)])
}
