/** Uploads that collect what one sender sends until it is quiet, in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../../platform/database.ts'

export interface Sender {
  readonly projectId: string
  readonly source: 'stow' | 'dimse' | 'peer'
  /** An AE title, a user name, the key of a peer. */
  readonly sender: string
  /** Whose account sends, or who let the machine in. */
  readonly personId: string
}

/**
 * The open upload of the sender, locked until the transaction ends; one is opened, with the profile and
 * key in force now, where there is none. `isOld`: it has been open for longer than `maxOpenSeconds`.
 */
export async function lockCollecting(tx: Transaction, sender: Sender, maxOpenSeconds: number) {
  for (;;) {
    const found = await findOrOpen(tx, sender, maxOpenSeconds)
    // Another transaction closed it while this one waited for it: there is room for a new one now.
    if (found !== undefined) return found
  }
}

async function findOrOpen(tx: Transaction, sender: Sender, maxOpenSeconds: number) {
  const { projectId, source, sender: name, personId } = sender
  await tx.run(
    `insert into upload (project_id, created_by, profile_version, key_version, source,
                         is_identified, sender, last_received_at)
     select p.id, $2, (select max(version) from deid_profile where project_id = p.id), p.key_version,
            $3, true, $4, now()
       from project p where p.id = $1
     on conflict (project_id, source, sender)
       where status = 'receiving' and last_received_at is not null do nothing`,
    [projectId, personId, source, name],
  )
  return await tx.maybeOne(
    z
      .object({ id: z.string(), is_new: z.boolean(), is_old: z.boolean() })
      .transform((row) => ({ id: row.id, isNew: row.is_new, isOld: row.is_old })),
    `select id, created_at = now() as is_new,
            created_at < now() - make_interval(secs => $4) as is_old
       from upload
      where project_id = $1 and source = $2 and sender = $3
        and status = 'receiving' and last_received_at is not null
        for update`,
    [projectId, source, name, maxOpenSeconds],
  )
}

/**
 * Files of one sender become part of the upload, and the audit tells of them; false: it collects no more,
 * or has been open for longer than `maxOpenSeconds`. One statement, so that a lone file waits for the
 * database once. It takes the locks of the files' hashes (see lockBlobs): who removes a blob meanwhile
 * is either done before the rows are there, or sees them.
 */
export async function enterFiles(
  db: Queryable,
  {
    uploadId,
    maxOpenSeconds,
    actorId,
    sender: { source, sender },
    files,
  }: {
    readonly uploadId: string
    readonly maxOpenSeconds: number
    readonly actorId: string | null
    readonly sender: Sender
    readonly files: readonly { readonly sha256: string; readonly bytes: number }[]
  },
): Promise<boolean> {
  const open = await db.run(
    `with open as (
       update upload set last_received_at = clock_timestamp()
        where id = $1 and status = 'receiving' and last_received_at is not null
          and created_at >= now() - make_interval(secs => $2)
       returning id, project_id),
     locked as materialized (
       select file.*, pg_advisory_xact_lock(hashtextextended(sha256, 0))
         from (select open.id, file.sha256, file.byte_count
                 from open cross join unnest($3::text[], $4::bigint[]) as file (sha256, byte_count)
                order by file.sha256) file),
     added as (
       insert into upload_file (upload_id, sha256, byte_count)
       select id, sha256, byte_count from locked
       on conflict do nothing
       returning 1),
     told as (
       insert into audit_event (project_id, actor_id, action, object_kind, object_id, details)
       select open.project_id, $5, 'receive:' || $6, 'upload', open.id::text,
              jsonb_build_object('sender', $7::text, 'files', added.files)
         from open cross join (select count(*) as files from added) added
        where added.files > 0)
     select 1 from open`,
    [
      uploadId,
      maxOpenSeconds,
      files.map(({ sha256 }) => sha256),
      files.map(({ bytes }) => bytes),
      actorId,
      source,
      sender,
    ],
  )
  return open > 0
}

/** Takes back files of the open upload whose bytes are gone; undefined: none of them is in it. */
export async function removeFiles(
  tx: Transaction,
  sender: Sender,
  sha256s: readonly string[],
): Promise<{ uploadId: string; files: number } | undefined> {
  return await tx.maybeOne(
    z
      .object({ upload_id: z.string(), files: z.number() })
      .transform((row) => ({ uploadId: row.upload_id, files: row.files })),
    `with removed as (
       delete from upload_file using upload
        where upload.id = upload_file.upload_id and upload.project_id = $1 and upload.source = $2
          and upload.sender = $3 and upload.status = 'receiving'
          and upload.last_received_at is not null and upload_file.sha256 = any($4)
       returning upload_id)
     select upload_id, count(*)::int as files from removed group by upload_id`,
    [sender.projectId, sender.source, sender.sender, sha256s],
  )
}

/** Locked; undefined unless it still collects. `quietSeconds`: since the last file came. */
export async function lockOpen(tx: Transaction, uploadId: string) {
  return await tx.maybeOne(
    z
      .object({ project_id: z.string(), quiet_seconds: z.number() })
      .transform((row) => ({ projectId: row.project_id, quietSeconds: row.quiet_seconds })),
    `select project_id, extract(epoch from clock_timestamp() - last_received_at)::float8
              as quiet_seconds
       from upload
      where id = $1 and status = 'receiving' and last_received_at is not null for update`,
    [uploadId],
  )
}

/** Nothing more is received: the check may begin. */
export async function close(tx: Transaction, uploadId: string): Promise<number> {
  await tx.run(`update upload set status = 'checking' where id = $1 and status = 'receiving'`, [
    uploadId,
  ])
  const row = await tx.one(
    z.object({ files: z.number() }),
    'select count(*)::int as files from upload_file where upload_id = $1',
    [uploadId],
  )
  return row.files
}
