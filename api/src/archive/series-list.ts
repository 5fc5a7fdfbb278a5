/** The series of a case or an upload with what is odd about them: as judged when they were archived. */
import type { ArchivedSeries } from '@pandok/contract'
import type { Queryable, Transaction } from '../platform/database.ts'
import { judgeSeries, type SeriesInstance } from './series-geometry.ts'
import * as store from './series-store.ts'

export async function listArchivedSeries(
  db: Queryable,
  of: store.SeriesOf,
): Promise<ArchivedSeries[]> {
  const rows = await store.listSeries(db, of)
  // Archived before judgements were kept.
  const unjudged = rows.filter(({ geometry }) => geometry === null).map(({ id }) => id)
  const judged = new Map(unjudged.length === 0 ? [] : await judge(db, unjudged))
  return rows.map(({ id, geometry, ...series }) => ({
    ...series,
    ...(geometry ?? judged.get(id) ?? stored([])),
  }))
}

/** Of the series as they are now, new instances included. */
export async function keepJudgement(tx: Transaction, seriesIds: readonly string[]): Promise<void> {
  for (const [id, geometry] of await judge(tx, seriesIds)) await store.setGeometry(tx, id, geometry)
}

async function judge(
  db: Queryable,
  seriesIds: readonly string[],
): Promise<[id: string, geometry: store.StoredGeometry][]> {
  const instances = await store.planesOfSeries(db, { seriesIds })
  const bySeries = Map.groupBy(instances, ({ seriesId }) => seriesId)
  return [...bySeries].map(([id, own]) => [id, stored(own)])
}

function stored(instances: readonly SeriesInstance[]): store.StoredGeometry {
  const { geometry, findings, slices, spacingMm } = judgeSeries(instances)
  const isVolume = geometry?.isVolume ?? false
  return { slices, sliceSpacingMm: spacingMm ?? null, isVolume, findings }
}
