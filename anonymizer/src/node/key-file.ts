/**
 * The keys of a project in a file of their own, apart from the data. One is current; retired ones stay
 * to check what was made with them. Files of one line (32 bytes in base64) are read as well.
 */
import {
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { keyFingerprint } from '../ledger/signer.ts'
import { createKey } from '../vault/vault.ts'
import { UsageError } from './complaint.ts'

export interface ProjectKey {
  readonly key: Uint8Array
  readonly fingerprint: string
  /** YYYY-MM-DD; undefined: of a file of one line. */
  readonly since: string | undefined
}

export interface KeyFile {
  readonly current: ProjectKey
  /** From the oldest to the current one. */
  readonly keys: readonly ProjectKey[]
}

const KEY_BYTES = 32
const SCHEMA = 'pandok-keys-1'

/** `isNew`: it was made now. `apartFrom`: the folder of outputs, which must not hold it. */
export function readOrMakeKeys(
  path: string,
  options: { apartFrom: string; today: string },
): KeyFile & { isNew: boolean } {
  refuseWithin(path, options.apartFrom, 'the key file')
  if (existsSync(path)) return { ...readKeys(path), isNew: false }
  const made = { key: createKey(), since: options.today }
  writeFileSync(path, textOf([made]), { mode: 0o600, flag: 'wx' })
  return { ...keyFileOf([made]), isNew: true }
}

/** Throws UsageError, and what the file system throws. */
export function readKeys(path: string): KeyFile {
  // Windows has no such bits: there the folder's rights have to do.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new UsageError('others may read the key file; allow its owner only (chmod 600)')
  }
  const text = readFileSync(path, 'utf8').trim()
  if (!text.startsWith('{')) return keyFileOf([{ key: bytesOf(text), since: undefined }])
  return keyFileOf(keysIn(text))
}

/** The current one, or a retired one by its fingerprint. */
export function selectKey(file: KeyFile, fingerprint: string | undefined): ProjectKey {
  if (fingerprint === undefined) return file.current
  const key = file.keys.find((each) => each.fingerprint === fingerprint)
  if (key === undefined) throw new UsageError('--key: the key file has no key of this fingerprint')
  return key
}

/** Appends a new key, which is current from then on. The file changes whole or not at all. */
export function rotateKey(path: string, today: string): KeyFile {
  const { keys } = readKeys(path)
  const next = [...keys, { key: createKey(), since: today }]
  const part = join(dirname(path), `.${process.pid}.new-key`)
  writeFileSync(part, textOf(next), { mode: 0o600, flag: 'wx', flush: true })
  renameSync(part, path)
  return keyFileOf(next)
}

/** Keys, tables and ledgers never lie with the data: whoever gets the folder would get them too. */
export function refuseWithin(path: string, folder: string, what: string): void {
  const inside = realpathOf(path)
  const outside = realpathOf(folder)
  if (inside === outside || inside.startsWith(outside.endsWith(sep) ? outside : outside + sep)) {
    throw new UsageError(`${what} lies within the folder of outputs; keep it apart from the data`)
  }
}

/** Links resolved as far as the path exists. */
function realpathOf(path: string): string {
  const whole = resolve(path)
  if (existsSync(whole)) return realpathSync(whole)
  const parent = dirname(whole)
  return parent === whole ? whole : join(realpathOf(parent), whole.slice(parent.length))
}

function keyFileOf(keys: readonly { key: Uint8Array; since: string | undefined }[]): KeyFile {
  const all = keys.map(({ key, since }) => ({ key, since, fingerprint: keyFingerprint(key) }))
  const current = all.at(-1)
  if (current === undefined) throw new UsageError('the key file has no key')
  return { current, keys: all }
}

function textOf(keys: readonly { key: Uint8Array; since: string | undefined }[]): string {
  const plain = {
    schema: SCHEMA,
    keys: keys.map(({ since, key }) => ({
      ...(since === undefined ? {} : { since }),
      key: Buffer.from(key).toString('base64'),
    })),
  }
  return `${JSON.stringify(plain, null, 2)}\n`
}

function bytesOf(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== KEY_BYTES) throw new UsageError('DEID_KEY: the key must have 32 bytes')
  return bytes
}

/** By hand: a library that checks shapes takes longer to load than all else that is done here. */
function keysIn(text: string): { key: Uint8Array; since: string | undefined }[] {
  const damaged = new UsageError('the key file is damaged')
  try {
    const json: unknown = JSON.parse(text)
    if (!isRecord(json) || json['schema'] !== SCHEMA || !Array.isArray(json['keys'])) throw damaged
    return json['keys'].map((each: unknown) => {
      if (!isRecord(each) || typeof each['key'] !== 'string') throw damaged
      const since = each['since']
      return { key: bytesOf(each['key']), since: typeof since === 'string' ? since : undefined }
    })
  } catch (error) {
    // The parser's own message repeats what it read.
    throw error instanceof UsageError ? error : damaged
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
