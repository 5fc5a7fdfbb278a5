/**
 * The recall list: who outside has data of the project, until when, and what became of it. What the
 * installation holds itself, uploads and releases, is not on it.
 */
import { holdingsOf, yearsLater } from '@pandok/anonymizer/ledger'
import type { Copy } from '@pandok/contract'
import type { Queryable } from '../../platform/database.ts'
import { entryOf } from './present.ts'
import * as store from './store.ts'

/** Overdue first, destroyed last. `today`: YYYY-MM-DD */
export async function copiesOf(db: Queryable, projectId: string, today: string): Promise<Copy[]> {
  const rows = await store.allEntries(db, projectId)
  const entries = rows.map((row) => entryOf(row.line))
  const byNumber = new Map(rows.map((row) => [row.sequence, row]))
  const ends = new Map(
    entries.flatMap((entry) =>
      entry.kind === 'destroyed' ? entry.copies.map((copy) => [copy, entry] as const) : [],
    ),
  )
  return holdingsOf(entries, today).flatMap((holding) => {
    const row = byNumber.get(holding.id)
    if (row === undefined || (row.kind !== 'download' && row.kind !== 'copy')) return []
    const { recipient, place, until, isOverdue, destroyedOn = null, what: content } = holding
    return [
      {
        id: holding.id,
        kind: row.kind,
        recipient,
        place,
        releaseId: row.objectId,
        content,
        givenAt: entryOf(row.line).time,
        givenBy: row.by,
        until,
        isOverdue,
        destroyedOn,
        method: ends.get(holding.id)?.how ?? null,
        keptUntil: destroyedOn === null ? null : yearsLater(destroyedOn),
      },
    ]
  })
}
