/**
 * Where instances lie, remembered: one question to the database for a whole series, none for each frame
 * of it. What is archived never changes, so that what is remembered stays true; access is judged apart.
 */
import { PandokError } from '@pandok/contract'
import type { Database } from '../platform/database.ts'
import { type InstancePath, instanceAndItsSeries, type StoredInstance } from './store.ts'

export interface InstanceIndex {
  /** NOT_FOUND unless study, series and instance hang together and belong to the project. */
  readonly find: (path: InstancePath, projectId: string) => Promise<StoredInstance>
  /**
   * What is remembered, without asking, of studies that are the first under their UID: who may see one is
   * led to it by the address without a project, whatever other projects have.
   */
  readonly peek: (path: InstancePath) => StoredInstance | undefined
}

/** Larger series are asked for instance by instance. */
const MAX_SERIES = 5000
/** Frames and instances remembered; about 100 bytes each. */
const MAX_WEIGHT = 300_000

interface Series {
  readonly byInstance: Map<string, StoredInstance>
  weight: number
}

export function createInstanceIndex(db: Database): InstanceIndex {
  /** In the order in which they were asked for last. */
  const all = new Map<string, Series>()
  const asked = new Map<string, Promise<readonly StoredInstance[]>>()
  let weight = 0

  /** Series that are the first under their UID, by it. */
  const firsts = new Map<string, Series>()
  const instanceIn = (series: Series | undefined, path: InstancePath) => {
    const instance = series?.byInstance.get(path.instance)
    return instance?.study === path.study ? instance : undefined
  }

  return {
    peek: (path) => instanceIn(firsts.get(path.series), path),
    find: async (path, projectId) => {
      const known = instanceIn(all.get(keyOf(path.series, projectId)), path)
      const found = known ?? (await ask({ ...path, projectId }))
      if (found === undefined) throw new PandokError('NOT_FOUND')
      return found
    },
  }

  async function ask(
    path: InstancePath & { readonly projectId: string },
  ): Promise<StoredInstance | undefined> {
    const key = `${path.projectId}/${path.study}/${path.series}`
    // A viewer asks for many of a series at once: the first question is answered for all.
    const underWay = asked.get(key)
    if (underWay !== undefined) {
      const found = (await underWay).find(({ instance }) => instance === path.instance)
      if (found !== undefined) return found
    }
    const answer = instanceAndItsSeries(db, path, MAX_SERIES)
    asked.set(key, answer)
    try {
      const rows = await answer
      const found = rows.find(({ instance }) => instance === path.instance)
      // Of a series that does not hold it nothing is remembered: anybody may ask for anything.
      if (found !== undefined) remember(found, rows)
      return found
    } finally {
      if (asked.get(key) === answer) asked.delete(key)
    }
  }

  function remember(one: StoredInstance, rows: readonly StoredInstance[]): void {
    const key = keyOf(one.series, one.projectId)
    const known = all.get(key)
    const series: Series = known ?? { byInstance: new Map(), weight: 0 }
    for (const row of rows) {
      if (series.byInstance.has(row.instance)) continue
      series.byInstance.set(row.instance, row)
      series.weight += 3 + row.frames.length
      weight += 3 + row.frames.length
    }
    all.delete(key)
    all.set(key, series)
    if (one.isFirst) firsts.set(one.series, series)
    for (const [oldest, freed] of all) {
      if (weight <= MAX_WEIGHT || oldest === key) break
      all.delete(oldest)
      const [uid = ''] = oldest.split(' ')
      if (firsts.get(uid) === freed) firsts.delete(uid)
      weight -= freed.weight
    }
  }
}

function keyOf(seriesInstanceUid: string, projectId: string): string {
  return `${seriesInstanceUid} ${projectId}`
}
