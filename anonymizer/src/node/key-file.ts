/** The key of the keyed hashes, in a file of its own, apart from the data (32 bytes in base64). */
import { readFileSync, writeFileSync } from 'node:fs'
import { createKey } from '../vault/vault.ts'

/** `isNew`: it was made now. Throws what the file system throws; the vault judges its length. */
export function readOrMakeKey(path: string): { key: Uint8Array; isNew: boolean } {
  try {
    return { key: Buffer.from(readFileSync(path, 'utf8').trim(), 'base64'), isNew: false }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const key = createKey()
  writeFileSync(path, `${Buffer.from(key).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  return { key, isNew: true }
}
