/**
 * An upload as it stands, with its studies, refusals and what was seen in its pixels: by the detector,
 * and by the person who asks.
 */
import { PandokError } from '@pandok/contract'
import type { Queryable } from '../platform/database.ts'
import { conflictsOf } from './conflict-store.ts'
import * as store from './store.ts'

export async function reread(db: Queryable, uploadId: string) {
  const upload = await store.uploadById(db, uploadId)
  if (upload === undefined) throw new PandokError('NOT_FOUND')
  return upload
}

export async function uploadDetail(db: Queryable, uploadId: string, personId: string) {
  const upload = await reread(db, uploadId)
  const byStudy = Map.groupBy(
    await store.seriesOf(db, uploadId, personId),
    ({ studyInstanceUid, pseudonym }) => `${studyInstanceUid} ${pseudonym}`,
  )
  const studies = [...byStudy.values()].flatMap((rows) => {
    const [first] = rows
    if (first === undefined) return []
    const { studyInstanceUid, pseudonym } = first
    return [{ studyInstanceUid, pseudonym, series: rows }]
  })
  return {
    ...upload,
    studies,
    conflicts: await conflictsOf(db, uploadId),
    refusals: await store.refusalsOf(db, uploadId),
    caseIds: await store.casesOf(db, uploadId),
  }
}
