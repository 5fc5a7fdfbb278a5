/**
 * Who holds which copy, and until when: the recall list. Every run that wrote something, or of which
 * nobody knows, and every copy that was recorded is one, until its destruction is recorded.
 */
import type { Entry } from './entry.ts'

export interface Holding {
  /** Sequence number of the entry that speaks of it. */
  readonly id: number
  /** The run that it goes back to. */
  readonly run: number
  readonly what: string
  readonly recipient: string
  readonly place: string
  /** YYYY-MM-DD */
  readonly until: string
  readonly destroyedOn: string | undefined
  /** Day until which it may be held has passed, and nobody said that it is no more. */
  readonly isOverdue: boolean
}

/** Overdue first, then by the day until which they may be held; destroyed ones last. */
export function holdingsOf(entries: readonly Entry[], today: string): Holding[] {
  const destroyedOn = new Map<number, string>()
  for (const entry of entries) {
    if (entry.kind !== 'destroyed') continue
    for (const copy of entry.copies) destroyedOn.set(copy, entry.on)
  }
  const ended = new Set(
    entries.map((entry) => (entry.kind === 'deidentified' ? entry.begun : undefined)),
  )
  const byId = new Map<number, Holding>()
  for (const entry of entries) {
    const id = entry.sequence
    const gone = destroyedOn.get(id)
    const isOverdue = 'until' in entry && gone === undefined && entry.until < today
    const isRun =
      (entry.kind === 'deidentified' && entry.counts.written + entry.counts.unchanged > 0) ||
      (entry.kind === 'deidentification-begun' && !ended.has(id))
    if (isRun) {
      const { recipient, until } = entry
      const end = entry.kind === 'deidentified' ? '' : ', whose end is not on record'
      const what = `outputs of run ${id}${end}`
      const place = 'where the run wrote'
      byId.set(id, { id, run: id, what, recipient, place, until, destroyedOn: gone, isOverdue })
    } else if (entry.kind === 'copied') {
      const { recipient, place, until, what } = entry
      const run = byId.get(entry.of)?.run ?? entry.of
      byId.set(id, { id, run, what, recipient, place, until, destroyedOn: gone, isOverdue })
    }
  }
  const rank = (each: Holding) => (each.destroyedOn !== undefined ? 2 : each.isOverdue ? 0 : 1)
  return [...byId.values()].sort(
    (a, b) => rank(a) - rank(b) || (a.until < b.until ? -1 : a.until > b.until ? 1 : a.id - b.id),
  )
}

/** Years for which the record outlives the data (28-4). */
const YEARS_AFTER_DESTRUCTION = 3

/** The day until which the ledger has to be kept; undefined: something is still held. */
export function keepUntil(entries: readonly Entry[]): string | undefined {
  const holdings = holdingsOf(entries, '')
  const last = holdings
    .map(({ destroyedOn }) => destroyedOn ?? '9')
    .sort()
    .at(-1)
  return last === undefined || last === '9' ? undefined : yearsLater(last)
}

/** The 29th of February becomes the 1st of March: rather a day more. */
export function yearsLater(date: string): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
  const later = new Date(Date.UTC(year + YEARS_AFTER_DESTRUCTION, month - 1, day))
  return later.toISOString().slice(0, 10)
}
