/**
 * Puts files into the archive as the jobs of an upload would, without the upload: for tests of what
 * comes out again. The files are taken as they are.
 */
import { z } from 'zod'
import type { App } from '../../api/src/app.ts'
import { storeStudy } from '../../api/src/archive/store-study.ts'
import type { CheckedFile } from '../../api/src/archive/study-store.ts'

type Archivable = Pick<App, 'db' | 'blobs'>

/** One file, of which the check has read `instance`. */
export async function archiveFile(
  { db, blobs }: Archivable,
  projectId: string,
  file: { readonly bytes: Uint8Array; readonly instance: CheckedFile },
): Promise<{ sha256: string }> {
  const { sha256 } = await blobs.put('archive', chunksOf(file.bytes))
  await archiveInstances({ db }, projectId, [
    { sha256, bytes: file.bytes.length, instance: file.instance },
  ])
  return { sha256 }
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
