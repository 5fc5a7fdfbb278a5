/**
 * What was worked out for one instance and holds for the next: instances of a series differ in few
 * attributes. Nothing here changes a result; without it the same comes out, later.
 */
import { type Identifiers, identifiersFrom } from '../actions/identifiers.ts'
import {
  createKnownElements,
  type Element,
  type KnownElements,
  type Tag,
  type ValueElement,
} from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import { createResolver, type Resolver } from '../profile/resolve.ts'
import type { ReportRow } from '../report/report.ts'

/** What became of a value at top level. */
interface Remembered {
  /** 'same': it stays as it is; undefined: it goes. */
  readonly result: Element | 'same' | undefined
  readonly row: ReportRow | undefined
}

export interface Memo {
  /** Equal elements of files that were read before. */
  readonly elements: KnownElements
  readonly resolverFor: (profile: Profile, sopClassUid: string) => Resolver
  readonly identifiersFor: (patterns: readonly string[]) => Identifiers
  /** `context`: all that the fate of a value depends on besides itself; another one forgets. */
  readonly enter: (context: string) => void
  readonly recall: (element: ValueElement) => Remembered | undefined
  readonly remember: (element: ValueElement, remembered: Remembered) => void
  /** The one object for all rows that say the same. */
  readonly rowFor: (row: ReportRow) => ReportRow
}

/** Longer values are rarely repeated, and comparing them costs what cleaning does. */
const MAX_BYTES = 256
const MAX_ROWS = 20_000

export function createMemo(): Memo {
  const resolvers = new Map<string, { profile: Profile; resolver: Resolver }>()
  let identifiers: { key: string; identifiers: Identifiers } | undefined
  let current = ''
  const values = new Map<Tag, { vr: string; bytes: Uint8Array; remembered: Remembered }>()
  const rows = new Map<string, ReportRow>()
  return {
    elements: createKnownElements(),
    resolverFor: (profile, sopClassUid) => {
      const known = resolvers.get(sopClassUid)
      if (known?.profile === profile) return known.resolver
      const resolver = createResolver(profile, sopClassUid)
      resolvers.set(sopClassUid, { profile, resolver })
      return resolver
    },
    identifiersFor: (patterns) => {
      const key = patterns.join('\n')
      if (identifiers?.key !== key) identifiers = { key, identifiers: identifiersFrom(patterns) }
      return identifiers.identifiers
    },
    enter: (context) => {
      if (context === current) return
      current = context
      values.clear()
    },
    recall: ({ tag, vr, bytes }) => {
      const known = values.get(tag)
      return known?.vr === vr && isEqual(known.bytes, bytes) ? known.remembered : undefined
    },
    remember: ({ tag, vr, bytes }, remembered) => {
      // A copy: the caller may use the memory of its input again.
      if (bytes.length <= MAX_BYTES) values.set(tag, { vr, bytes: bytes.slice(), remembered })
    },
    rowFor: (row) => {
      const key = `${row.path} ${row.action} ${row.rule}`
      const known = rows.get(key)
      if (known !== undefined) return known
      if (rows.size < MAX_ROWS) rows.set(key, row)
      return row
    },
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
