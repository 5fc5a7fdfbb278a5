/**
 * Puts files into the archive as the jobs of an upload would, without the upload: for tests of what
 * comes out again. The files are taken as they are.
 */
import type { App } from '../../api/src/app.ts'
import * as store from '../../api/src/archive/store.ts'

type Archivable = Pick<App, 'db' | 'blobs'>

/** One file, of which the check has read `instance`. */
export async function archiveFile(
  { db, blobs }: Archivable,
  projectId: string,
  file: { readonly bytes: Uint8Array; readonly instance: store.CheckedInstance },
): Promise<{ sha256: string }> {
  const { sha256 } = await blobs.put('archive', chunksOf(file.bytes))
  await archiveInstances({ db }, projectId, [
    { sha256, bytes: file.bytes.length, instance: file.instance },
  ])
  return { sha256 }
}

/** Rows alone, of one study. */
export async function archiveInstances(
  { db }: Pick<App, 'db'>,
  projectId: string,
  files: readonly { sha256: string; bytes: number; instance: store.CheckedInstance }[],
): Promise<void> {
  const [first] = files
  if (first === undefined) return
  await db.transaction(async (tx) => {
    const { patientId, studyInstanceUid, metadata } = first.instance
    const subjectId = await store.upsertSubject(tx, {
      projectId,
      pseudonym: patientId,
      keyVersion: 1,
    })
    const studyId = await store.upsertStudy(tx, {
      projectId,
      subjectId,
      uid: studyInstanceUid,
      attributes: metadata,
    })
    for (const file of files) {
      const seriesId = await store.upsertSeries(tx, {
        studyId,
        uid: file.instance.seriesInstanceUid,
        modality: file.instance.modality,
        attributes: file.instance.metadata,
      })
      await store.upsertInstance(tx, seriesId, file)
    }
    await store.countStudy(tx, studyId)
  })
}

async function* chunksOf(bytes: Uint8Array) {
  yield await Promise.resolve(bytes)
}
