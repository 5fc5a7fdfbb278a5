/**
 * What this browser calls a chosen file when it remembers it: a keyed digest (HMAC-SHA-256) of path, size
 * and time. It says nothing without the project's key.
 */
import type { ChosenFile } from './zip-entries.ts'

const DIGITS = 32

/** By place. undefined for files that cannot be told apart: they are remembered by none. */
export async function createFingerprints(
  key: Uint8Array<ArrayBuffer>,
  files: readonly ChosenFile[],
): Promise<(at: number) => string | undefined> {
  const secret = await crypto.subtle.importKey(
    'raw',
    key,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const encoder = new TextEncoder()
  const places = new Map<string, number | undefined>()
  const digests: string[] = []
  for (const [at, { name, size, lastModified }] of files.entries()) {
    const text = encoder.encode(`upload\0${name}\0${size}\0${lastModified}`)
    const digest = new Uint8Array(await crypto.subtle.sign('HMAC', secret, text))
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    const fingerprint = hex.slice(0, DIGITS)
    digests.push(fingerprint)
    places.set(fingerprint, places.has(fingerprint) ? undefined : at)
  }
  return (at) => {
    const fingerprint = digests[at]
    if (fingerprint === undefined || places.get(fingerprint) !== at) return undefined
    return fingerprint
  }
}
