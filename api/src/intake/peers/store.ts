/** Imports from peers, in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../../platform/database.ts'

export async function insertImport(
  tx: Transaction,
  wanted: { projectId: string; personId: string; peerKey: string; studyInstanceUid: string },
): Promise<{ importId: string; uploadId: string }> {
  const upload = await tx.one(
    z.object({ id: z.string() }),
    `insert into upload (project_id, created_by, profile_version, key_version, source,
                         is_identified, sender)
     select p.id, $2, (select max(version) from deid_profile where project_id = p.id), p.key_version,
            'peer', true, $3
       from project p where p.id = $1
     returning id`,
    [wanted.projectId, wanted.personId, wanted.peerKey],
  )
  const { id } = await tx.one(
    z.object({ id: z.string() }),
    `insert into peer_import (project_id, upload_id, peer_key, study_instance_uid)
     values ($1, $2, $3, $4) returning id`,
    [wanted.projectId, upload.id, wanted.peerKey, wanted.studyInstanceUid],
  )
  return { importId: id, uploadId: upload.id }
}

/** undefined once nothing more is to be pulled. */
export async function openImport(db: Queryable, importId: string) {
  return await db.maybeOne(
    z
      .object({
        project_id: z.string(),
        upload_id: z.string(),
        peer_key: z.string(),
        study_instance_uid: z.string(),
        key_version: z.number(),
      })
      .transform((row) => ({
        projectId: row.project_id,
        uploadId: row.upload_id,
        peerKey: row.peer_key,
        studyInstanceUid: row.study_instance_uid,
        keyVersion: row.key_version,
      })),
    `select i.project_id, i.upload_id, i.peer_key, i.study_instance_uid, u.key_version
       from peer_import i join upload u on u.id = i.upload_id
      where i.id = $1 and i.finished_at is null and u.status = 'receiving'`,
    [importId],
  )
}

export async function setTotal(db: Queryable, importId: string, total: number): Promise<void> {
  await db.run('update peer_import set total = $2 where id = $1', [importId, total])
}

/** Digests of what is there. */
export async function doneOf(db: Queryable, importId: string): Promise<Set<string>> {
  const rows = await db.many(
    z.object({ digest: z.string() }),
    'select digest from peer_import_instance where import_id = $1',
    [importId],
  )
  return new Set(rows.map((row) => row.digest))
}

export async function enterInstance(
  tx: Transaction,
  entry: { importId: string; uploadId: string; digest: string; sha256: string; bytes: number },
): Promise<void> {
  await tx.run(
    `insert into upload_file (upload_id, sha256, byte_count) values ($1, $2, $3)
     on conflict do nothing`,
    [entry.uploadId, entry.sha256, entry.bytes],
  )
  await tx.run(
    `insert into peer_import_instance (import_id, digest) values ($1, $2) on conflict do nothing`,
    [entry.importId, entry.digest],
  )
}

/** It failed, and a person may go on with it: what is there stays, and the name of the study. */
export async function suspendImport(
  tx: Transaction,
  uploadId: string,
  failureCode: string,
): Promise<{ files: number }> {
  await tx.run(
    `update upload set status = 'failed', failure_code = $2, awaits_retry = true
      where id = $1 and status = 'receiving'`,
    [uploadId, failureCode],
  )
  return await tx.one(
    z.object({ files: z.number() }),
    'select count(*)::int as files from upload_file where upload_id = $1',
    [uploadId],
  )
}

/** False: it did not fail, or nothing is left to go on with. */
export async function reviveImport(tx: Transaction, importId: string): Promise<boolean> {
  const revived = await tx.run(
    `update upload u set status = 'receiving', failure_code = null, awaits_retry = false
       from peer_import i
      where i.id = $1 and i.finished_at is null and u.id = i.upload_id
        and u.status = 'failed' and u.awaits_retry`,
    [importId],
  )
  return revived === 1
}

/** The name of the study goes with it; what did not come whole is not shown as if it were the study. */
export async function finishImport(
  tx: Transaction,
  importId: string,
  uploadId: string,
  failureCode: string | null,
): Promise<{ isWhole: boolean; sha256s: string[] }> {
  await tx.run(
    `update peer_import set finished_at = now(), study_instance_uid = null, failure_code = $2
      where id = $1`,
    [importId, failureCode],
  )
  const rows = await tx.many(
    z.object({ sha256: z.string() }),
    'select sha256 from upload_file where upload_id = $1',
    [uploadId],
  )
  const isWhole = failureCode === null && rows.length > 0
  await tx.run(
    `update upload set status = $2, failure_code = $3 where id = $1 and status = 'receiving'`,
    [uploadId, isWhole ? 'checking' : 'failed', isWhole ? null : (failureCode ?? 'NOT_FOUND')],
  )
  return { isWhole, sha256s: rows.map((row) => row.sha256) }
}
