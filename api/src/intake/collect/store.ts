/** Uploads that collect what one sender sends until it is quiet, in SQL. */
import { z } from 'zod'
import type { Transaction } from '../../platform/database.ts'

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

/** How many of them are new to the upload. */
export async function insertFiles(
  tx: Transaction,
  uploadId: string,
  files: readonly { readonly sha256: string; readonly bytes: number }[],
): Promise<number> {
  await tx.run('update upload set last_received_at = clock_timestamp() where id = $1', [uploadId])
  return await tx.run(
    `insert into upload_file (upload_id, sha256, byte_count)
     select $1, sha256, byte_count
       from unnest($2::text[], $3::bigint[]) as file (sha256, byte_count)
     on conflict do nothing`,
    [uploadId, files.map(({ sha256 }) => sha256), files.map(({ bytes }) => bytes)],
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
