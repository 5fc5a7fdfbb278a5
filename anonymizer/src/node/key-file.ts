/**
 * The keys of a project in a file of their own, apart from the data. One is current; retired ones stay
 * to check what was made with them. Files of one line (32 bytes in base64) are read as well.
 */
import { existsSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import * as z from 'zod'
import { keyFingerprint } from '../ledger/index.ts'
import { createKey } from '../vault/vault.ts'

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

/** The file is not fit to hold keys. Messages hold no part of a key. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
}

const KEY_BYTES = 32
const schema = z.strictObject({
  schema: z.literal('pandok-keys-1'),
  /** The last one is current. */
  keys: z.array(z.strictObject({ since: z.iso.date().optional(), key: z.base64() })).min(1),
})

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

/** Throws KeyFileError, and what the file system throws. */
export function readKeys(path: string): KeyFile {
  // Windows has no such bits: there the folder's rights have to do.
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new KeyFileError('others may read the key file; allow its owner only (chmod 600)')
  }
  const text = readFileSync(path, 'utf8').trim()
  if (!text.startsWith('{')) return keyFileOf([{ key: bytesOf(text), since: undefined }])
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) throw new KeyFileError('the key file is damaged')
  return keyFileOf(parsed.data.keys.map(({ since, key }) => ({ key: bytesOf(key), since })))
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
    throw new KeyFileError(`${what} lies within the folder of outputs; keep it apart from the data`)
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
  if (current === undefined) throw new KeyFileError('the key file has no key')
  return { current, keys: all }
}

function textOf(keys: readonly { key: Uint8Array; since: string | undefined }[]): string {
  const plain = {
    schema: 'pandok-keys-1',
    keys: keys.map(({ since, key }) => ({
      ...(since === undefined ? {} : { since }),
      key: Buffer.from(key).toString('base64'),
    })),
  }
  return `${JSON.stringify(plain, null, 2)}\n`
}

function bytesOf(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== KEY_BYTES) throw new KeyFileError('DEID_KEY: the key must have 32 bytes')
  return bytes
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
