/** Reading the archive: which series there are, their geometry, and their instances. */
import type { SeriesGeometry } from '@pandok/contract'
import type { Database } from '../platform/database.ts'
import { judgeSeries } from './series-geometry.ts'
import { listArchivedSeries } from './series-list.ts'
import { planesOfSeries } from './series-store.ts'
import * as store from './store.ts'

export type { ArchivedInstance } from './store.ts'

const CACHED_CASES = 100

export function createArchiveService({ db }: { db: Database }) {
  /** The archive is immutable: a case's geometry changes only when instances are added. */
  const cache = new Map<string, { instances: number; geometries: SeriesGeometry[] }>()
  return {
    /** The image series of the case, the one with most slices first. */
    geometriesOfCase: async (caseId: string): Promise<SeriesGeometry[]> => {
      const count = await store.countInstancesOfCase(db, caseId)
      const known = cache.get(caseId)
      if (known?.instances === count) return known.geometries
      const bySeries = Map.groupBy(
        await planesOfSeries(db, { caseId }),
        (instance) => instance.seriesInstanceUid,
      )
      const geometries = [...bySeries.values()]
        .map((instances) => judgeSeries(instances).geometry)
        .filter((geometry) => geometry !== undefined)
        .sort((a, b) => b.sopInstanceUids.length - a.sopInstanceUids.length)
      const [oldest] = cache.keys()
      if (cache.size >= CACHED_CASES && oldest !== undefined) cache.delete(oldest)
      cache.set(caseId, { instances: count, geometries })
      return geometries
    },
    instancesOfSeries: (caseId: string, seriesInstanceUid: string) =>
      store.instancesOfSeries(db, caseId, seriesInstanceUid),
    seriesOfCase: (caseId: string) => listArchivedSeries(db, { caseId }),
    seriesOfUpload: (uploadId: string) => listArchivedSeries(db, { uploadId }),
  }
}

export type ArchiveService = ReturnType<typeof createArchiveService>
