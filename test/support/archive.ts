/**
 * Puts files into the archive as the jobs of an upload would, without the upload: for tests of what
 * comes out again. The files are taken as they are.
 */
import { framePlaces, getNumber, getString, readDicom, toDicomJson } from '@pandok/anonymizer/dicom'
import { z } from 'zod'
import type { App } from '../../api/src/app.ts'
import { storeStudy } from '../../api/src/archive/store-study.ts'
import type { CheckedFile } from '../../api/src/archive/study-store.ts'
import { FrameIndex } from '../../api/src/platform/frame-index.ts'

type Archivable = Pick<App, 'db' | 'blobs'>

/** One file, read as the check would, `patientId` in place of its own; `path`: below /dicomweb. */
export async function archiveDicom(
  { db, blobs }: Archivable,
  projectId: string,
  bytes: Uint8Array,
  patientId?: string,
): Promise<{ path: string; sha256: string; bytes: Buffer }> {
  const file = readDicom(bytes)
  const of = (tag: string) => getString(file.dataSet, tag)
  const [study, series, sop] = [of('0020000D'), of('0020000E'), of('00080018')]
  const instance = {
    patientId: patientId ?? of('00100020'),
    studyInstanceUid: study,
    seriesInstanceUid: series,
    sopInstanceUid: sop,
    sopClassUid: of('00080016'),
    transferSyntaxUid: file.transferSyntaxUid,
    modality: of('00080060'),
    numberOfFrames: getNumber(file.dataSet, '00280008') ?? 1,
    metadata: JSON.parse(JSON.stringify(toDicomJson(file.dataSet))) as never,
    frames: FrameIndex.parse(framePlaces(bytes, file)),
  }
  const { sha256 } = await blobs.put('archive', chunksOf(bytes))
  await archiveInstances({ db }, projectId, [{ sha256, bytes: bytes.length, instance }])
  const path = `/studies/${study}/series/${series}/instances/${sop}`
  return { path, sha256, bytes: Buffer.from(bytes) }
}

/** Rows alone, of one study; the files are those of an upload that somebody approved. */
export async function archiveInstances(
  { db }: Pick<App, 'db'>,
  projectId: string,
  files: readonly { sha256: string; bytes: number; instance: CheckedFile }[],
): Promise<void> {
  const [first] = files
  if (first === undefined) return
  await db.transaction(async (tx) => {
    const { id: uploadId } = await tx.one(
      z.object({ id: z.string() }),
      `insert into upload (project_id, created_by, profile_version, key_version, status)
       select p.id, (select id from person order by created_at limit 1),
              (select max(version) from deid_profile where project_id = p.id), 1, 'archiving'
         from project p where p.id = $1 returning id`,
      [projectId],
    )
    await tx.run(
      `insert into upload_file (upload_id, sha256, byte_count, status, instance)
       select $1, sha256, bytes, 'clean', instance
         from jsonb_to_recordset($2) as f (sha256 text, bytes bigint, instance jsonb)`,
      [uploadId, JSON.stringify(files)],
    )
    await storeStudy(tx, {
      uploadId,
      projectId,
      keyVersion: 1,
      studyInstanceUid: first.instance.studyInstanceUid,
      sha256s: files.map(({ sha256 }) => sha256),
    })
    await tx.run(`update upload set status = 'archived' where id = $1`, [uploadId])
  })
}

async function* chunksOf(bytes: Uint8Array) {
  yield await Promise.resolve(bytes)
}
