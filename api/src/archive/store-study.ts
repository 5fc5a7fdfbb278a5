/**
 * Takes the files of one study into the archive, within one transaction: subject, study, series and
 * instances with their planes, then the series are judged as they are now.
 */
import type { Transaction } from '../platform/database.ts'
import { ArchiveError } from './archive-error.ts'
import type { InstanceJson } from './instance-json.ts'
import { SERIES_TAGS, STUDY_TAGS } from './level-tags.ts'
import { PLANE_TAGS, planesOf } from './planes.ts'
import { keepJudgement } from './series-list.ts'
import * as store from './study-store.ts'

/** So many are in memory at once, however large the study is. */
const BATCH = 500

const TAGS = [...new Set([...STUDY_TAGS, ...SERIES_TAGS, ...PLANE_TAGS])]

export interface StudyToArchive {
  readonly uploadId: string
  readonly projectId: string
  readonly keyVersion: number
  readonly studyInstanceUid: string
  /** At least one. */
  readonly sha256s: readonly string[]
}

/** ARCHIVE_CONFLICT when something of it is archived as something else; nothing of it is, then. */
export async function storeStudy(
  tx: Transaction,
  study: StudyToArchive,
): Promise<{ subjectId: string; studyId: string }> {
  const { uploadId, projectId, sha256s } = study
  let whose: { pseudonym: string; subjectId: string; studyId: string } | undefined
  const seriesIds = new Map<string, string>()
  for (let at = 0; at < sha256s.length; at += BATCH) {
    const batch = sha256s.slice(at, at + BATCH)
    const files = await store.filesToArchive(tx, uploadId, batch, TAGS)
    const [first] = files
    if (first === undefined || files.length < batch.length) {
      throw new Error('files of an upload went while it was archived')
    }
    whose ??= await beginStudy(tx, study, first)
    const { pseudonym, studyId } = whose
    if (files.some(({ patientId }) => patientId !== pseudonym)) {
      throw new ArchiveError('ARCHIVE_CONFLICT', 'a study of two subjects passed the check')
    }
    const unknown = files.filter(({ seriesInstanceUid: uid }) => !seriesIds.has(uid))
    for (const [uid, id] of await addSeries(tx, { studyId, projectId }, unknown))
      seriesIds.set(uid, id)
    await store.insertInstances(
      tx,
      { uploadId, projectId },
      files.map(({ sha256, sopInstanceUid, seriesInstanceUid, attributes }) => ({
        sha256,
        sopInstanceUid,
        seriesId: seriesIds.get(seriesInstanceUid) ?? '',
        planes: planesOf(attributes),
      })),
    )
  }
  if (whose === undefined) throw new Error('a study without a file is none')
  await store.countStudy(tx, whose.studyId)
  await store.markArchived(tx, uploadId, sha256s)
  await keepJudgement(tx, [...seriesIds.values()])
  return whose
}

async function beginStudy(
  tx: Transaction,
  { projectId, keyVersion, studyInstanceUid }: StudyToArchive,
  { patientId, attributes }: store.FileToArchive,
) {
  const pseudonym = patientId
  const subjectId = await store.upsertSubject(tx, { projectId, pseudonym, keyVersion })
  const studyId = await store.upsertStudy(tx, {
    projectId,
    subjectId,
    uid: studyInstanceUid,
    attributes: pick(attributes, STUDY_TAGS),
  })
  return { pseudonym, subjectId, studyId }
}

/** Each described by the first of its files. */
async function addSeries(
  tx: Transaction,
  study: { studyId: string; projectId: string },
  files: readonly store.FileToArchive[],
): Promise<Map<string, string>> {
  const series = [...Map.groupBy(files, ({ seriesInstanceUid }) => seriesInstanceUid)].flatMap(
    ([uid, [first]]) =>
      first === undefined
        ? []
        : [{ uid, modality: first.modality, attributes: pick(first.attributes, SERIES_TAGS) }],
  )
  return series.length === 0 ? new Map() : await store.upsertSeries(tx, study, series)
}

function pick(metadata: InstanceJson, tags: readonly string[]): InstanceJson {
  return Object.fromEntries(Object.entries(metadata).filter(([tag]) => tags.includes(tag)))
}
