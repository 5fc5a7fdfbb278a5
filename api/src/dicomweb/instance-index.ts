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
  /** What is remembered, without asking. */
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

  const peek = (path: InstancePath): StoredInstance | undefined => {
    const found = all.get(path.series)
    const instance = found?.byInstance.get(path.instance)
    return instance?.study === path.study ? instance : undefined
  }

  return {
    peek,
    find: async (path, projectId) => {
      const found = peek(path) ?? (await ask(path))
      if (found?.projectId !== projectId) throw new PandokError('NOT_FOUND')
      return found
    },
  }

  async function ask(path: InstancePath): Promise<StoredInstance | undefined> {
    const key = `${path.study}/${path.series}`
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
      if (found !== undefined) remember(path.series, rows)
      return found
    } finally {
      if (asked.get(key) === answer) asked.delete(key)
    }
  }

  function remember(uid: string, rows: readonly StoredInstance[]): void {
    const known = all.get(uid)
    const series: Series = known ?? { byInstance: new Map(), weight: 0 }
    for (const row of rows) {
      if (series.byInstance.has(row.instance)) continue
      series.byInstance.set(row.instance, row)
      series.weight += 3 + row.frames.length
      weight += 3 + row.frames.length
    }
    all.delete(uid)
    all.set(uid, series)
    for (const [oldest, { weight: freed }] of all) {
      if (weight <= MAX_WEIGHT || oldest === uid) break
      all.delete(oldest)
      weight -= freed
    }
  }
}
