/**
 * A ledger in a file: a line per entry, only ever appended to, and on the disk before anybody hears of
 * it. A last line that a crash tore is cut off, and an entry says so.
 */
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { keyInTurn, lineOf, nextEntry, type VerifiedLedger, verifyLedger } from '../ledger/chain.ts'
import { type Entry, type Fact, LedgerError } from '../ledger/entry.ts'
import { createSigner } from '../ledger/signer.ts'
import type { KeyFile } from './key-file.ts'
import { withLock } from './lock.ts'

/** Throws LedgerError when anything about it is not as it was written. */
export function readLedger(path: string, keys?: KeyFile, anchor?: string): readonly Entry[] {
  const { entries, fault } = inspectLedger(path, keys, anchor)
  if (fault !== undefined)
    throw new LedgerError(`${fault.code} at line ${fault.line} of the ledger`)
  return entries
}

export function inspectLedger(path: string, keys?: KeyFile, anchor?: string): VerifiedLedger {
  return verifyLedger(readFileSync(path, 'utf8'), {
    signers: signersOf(keys),
    ...(anchor === undefined ? {} : { anchor }),
  })
}

/**
 * Appends in one go what `facts` makes of the entries so far, and gives all entries back. A ledger
 * that is not there yet is opened; one that was tampered with is not continued (LedgerError).
 */
export function appendToLedger(
  path: string,
  keys: KeyFile,
  facts: (entries: readonly Entry[]) => readonly Fact[],
  now = new Date(),
): readonly Entry[] {
  return withLock(path, () => {
    const before = bytesOf(path)
    const { keptBytes, lacksEnd, torn } = whole(before, keys)
    const kept = before.toString('utf8', 0, keptBytes) + (lacksEnd ? '\n' : '')
    const { entries, fault } = verifyLedger(kept, { signers: signersOf(keys) })
    if (fault !== undefined && fault.code !== 'LEDGER_EMPTY') {
      throw new LedgerError(`${fault.code} at line ${fault.line}: the ledger is not continued`)
    }
    const all = [...entries]
    const time = now.toISOString()
    const say = (fact: Fact) => {
      all.push(nextEntry(fact, { last: all.at(-1), signer: signerInTurn(all, keys), time }))
    }
    if (all.length === 0) say({ kind: 'opened', ledger: randomBytes(16).toString('hex') })
    const { fingerprint } = keys.current
    if (signerInTurn(all, keys).key !== fingerprint) say({ kind: 'key-rotated', to: fingerprint })
    if (torn !== undefined) say(torn)
    const wanted = facts(entries)
    wanted.forEach(say)
    if (wanted.length === 0) return entries
    const added = all.slice(entries.length).map((entry) => `${lineOf(entry)}\n`)
    write(path, keptBytes, Buffer.from((lacksEnd ? '\n' : '') + added.join('')))
    return all
  })
}

/** Without a torn last line. One that lacks nothing but its end is kept: a cut end hides nothing. */
function whole(
  bytes: Buffer,
  keys: KeyFile,
): { keptBytes: number; lacksEnd: boolean; torn: Fact | undefined } {
  const end = bytes.lastIndexOf(0x0a) + 1
  if (end === bytes.length) return { keptBytes: end, lacksEnd: false, torn: undefined }
  const closed = `${bytes.toString('utf8')}\n`
  const lacksEnd = verifyLedger(closed, { signers: signersOf(keys) }).fault === undefined
  const lost = lacksEnd ? Buffer.alloc(0) : bytes.subarray(end)
  const lostSha256 = createHash('sha256').update(lost).digest('hex')
  const torn: Fact = { kind: 'repaired', lostBytes: lost.length, lostSha256 }
  return { keptBytes: bytes.length - lost.length, lacksEnd, torn }
}

function write(path: string, keptBytes: number, added: Buffer): void {
  const isNew = keptBytes === 0
  const fd = openSync(path, isNew ? 'a' : 'r+', 0o600)
  try {
    ftruncateSync(fd, keptBytes)
    for (let at = 0; at < added.length; ) {
      at += writeSync(fd, added, at, added.length - at, keptBytes + at)
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  if (isNew) syncFolder(dirname(path))
}

/** The name of a new file has to be on the disk as well. Windows keeps names by itself. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function signersOf(keys: KeyFile | undefined) {
  return keys === undefined ? [] : keys.keys.map(({ key }) => createSigner(key))
}

function signerInTurn(entries: readonly Entry[], keys: KeyFile) {
  const turn = keyInTurn(entries) ?? keys.current.fingerprint
  const own = keys.keys.find(({ fingerprint }) => fingerprint === turn)
  if (own === undefined)
    throw new LedgerError('the ledger is signed with a key of another key file')
  return createSigner(own.key)
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
