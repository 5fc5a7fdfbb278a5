/**
 * What was worked out for one instance and holds for the next: instances of a series differ in few
 * attributes. Nothing here changes a result; without it the same comes out, later.
 */
import { type Identifiers, identifiersFrom, type PatternMemo } from '../actions/identifiers.ts'
import {
  createKnownElements,
  type Element,
  isKnown,
  type KnownElements,
  type Tag,
} from '../dicom/index.ts'
import type { Profile } from '../profile/profile.ts'
import { createResolver, type Resolver } from '../profile/resolve.ts'
import type { ReportRow } from '../report/report.ts'

/** What became of an element at top level. */
interface Remembered {
  /** 'same': it stays as it is; undefined: it goes. */
  readonly result: Element | 'same' | undefined
  readonly rows: readonly ReportRow[]
  /** The creator of a private element. */
  readonly owner: Element | undefined
}

export interface Memo {
  /** Equal elements of files that were read before: they are recognised by identity. */
  readonly elements: KnownElements
  readonly resolverFor: (profile: Profile, sopClassUid: string) => Resolver
  readonly identifiersFor: (patterns: readonly string[]) => Identifiers
  /** What `make` gives for the element in its character set. */
  readonly patternsOf: PatternMemo
  /** `context`: all that the fate of an element depends on besides itself; another one forgets. */
  readonly enter: (context: string) => void
  readonly recall: (element: Element) => Remembered | undefined
  readonly remember: (element: Element, remembered: Remembered) => void
  /** The one object for all rows that say the same. */
  readonly rowFor: (row: ReportRow) => ReportRow
  /** What `make` gave last time, when nothing of `inputs` is another than then. */
  readonly again: (
    inputs: readonly (Element | string | undefined)[],
    make: () => readonly Element[],
  ) => readonly Element[]
}

const MAX_ROWS = 20_000

export function createMemo(): Memo {
  const elements = createKnownElements()
  const resolvers = new Map<string, { profile: Profile; resolver: Resolver }>()
  let identifiers: { key: string; identifiers: Identifiers } | undefined
  let current = ''
  const fates = new Map<Tag, { element: Element; remembered: Remembered }>()
  const patterns = new Map<Tag, { element: Element; characterSet: string; own: string[] }>()
  const rows = new Map<string, ReportRow>()
  let last: { inputs: readonly unknown[]; made: readonly Element[] } | undefined
  return {
    elements,
    resolverFor: (profile, sopClassUid) => {
      const known = resolvers.get(sopClassUid)
      if (known?.profile === profile) return known.resolver
      const resolver = createResolver(profile, sopClassUid)
      resolvers.set(sopClassUid, { profile, resolver })
      return resolver
    },
    identifiersFor: (of) => {
      const key = of.join('\n')
      if (identifiers?.key !== key) identifiers = { key, identifiers: identifiersFrom(of) }
      return identifiers.identifiers
    },
    patternsOf: (element, characterSet, make) => {
      const known = patterns.get(element.tag)
      if (known?.element === element && known.characterSet === characterSet) return known.own
      const own = make()
      if (isKnown(elements, element)) patterns.set(element.tag, { element, characterSet, own })
      return own
    },
    enter: (context) => {
      if (context === current) return
      current = context
      fates.clear()
    },
    recall: (element) => {
      const known = fates.get(element.tag)
      return known?.element === element ? known.remembered : undefined
    },
    remember: (element, remembered) => {
      if (isKnown(elements, element)) fates.set(element.tag, { element, remembered })
    },
    rowFor: (row) => {
      const key = `${row.path} ${row.action} ${row.rule}`
      const known = rows.get(key)
      if (known !== undefined) return known
      if (rows.size < MAX_ROWS) rows.set(key, row)
      return row
    },
    again: (inputs, make) => {
      const isAgain =
        last?.inputs.length === inputs.length &&
        last.inputs.every((each, at) => each === inputs[at])
      if (last === undefined || !isAgain) last = { inputs, made: make() }
      return last.made
    },
  }
}
