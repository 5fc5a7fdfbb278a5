/**
 * Private attributes that are known to hold nothing of a person (Retain Safe Private, PS3.15
 * E.3.10): table E.3.10-1 and the dispositions of The Cancer Imaging Archive.
 */
import type { Vr } from '../dicom/index.ts'
import { VRS } from '../dicom/index.ts'
import { SAFE_PRIVATE_TEXT } from './generated/safe-private.ts'

export interface SafePrivate {
  readonly action: 'K' | 'U' | 'C'
  /** All that the sources name; UN where one names none. */
  readonly vrs: ReadonlySet<Vr>
}

let byPath: ReadonlyMap<string, SafePrivate> | undefined

/** Read when first asked: most profiles retain no private attribute. */
function table(): ReadonlyMap<string, SafePrivate> {
  if (byPath !== undefined) return byPath
  const entries = new Map<string, SafePrivate>()
  for (const line of SAFE_PRIVATE_TEXT.split('\n')) {
    const [head = '', ...path] = line.split('\t')
    const [action = '', name = ''] = head.split(' ')
    if (action !== 'K' && action !== 'U' && action !== 'C') continue
    const vr = VRS.find((each) => each === name) ?? 'UN'
    const key = path.join('\t')
    // Where the sources differ, the stricter holds.
    const known = entries.get(key)
    const vrs = new Set([...(known?.vrs ?? []), vr])
    entries.set(key, {
      action: known === undefined || known.action === 'K' ? action : known.action,
      vrs,
    })
  }
  byPath = entries
  return entries
}

/**
 * `path`: from the outside in, a public sequence as its tag, a private attribute as
 * `privateStep` gives it. undefined: not known to be safe.
 */
export function safePrivate(path: readonly string[]): SafePrivate | undefined {
  return table().get(path.join('\t'))
}

/** '0019xx0A' with its creator: the block (PS3.5 7.8.1) is left out, for it varies. */
export function privateStep(tag: string, creator: string): string {
  return `${tag.slice(0, 4)}${tag.slice(6)} ${creator}`
}
