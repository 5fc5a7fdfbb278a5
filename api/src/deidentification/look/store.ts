/** The look at the pixels of an upload, in SQL. */
import { z } from 'zod'
import type { Queryable, Transaction } from '../../platform/database.ts'
import type { FrameBoxes } from './looker.ts'

export async function uploadToLookAt(db: Queryable, uploadId: string) {
  return await db.maybeOne(
    z
      .object({ project_id: z.string(), profile: z.string() })
      .transform((row) => ({ projectId: row.project_id, profile: row.profile })),
    `select u.project_id, d.text as profile
       from upload u
       join deid_profile d on d.project_id = u.project_id and d.version = u.profile_version
      where u.id = $1 and u.status = 'checking' and u.headers_checked_at is not null`,
    [uploadId],
  )
}

/** A row for each series of clean files in which text could be. */
export async function planSeries(db: Queryable, uploadId: string): Promise<void> {
  await db.run(
    `insert into pixel_look (upload_id, series_instance_uid, must_be_seen, frames)
     select upload_id, instance->>'seriesInstanceUid', 
            bool_or(instance->>'pixels' is distinct from 'sample'),
            sum((instance->>'numberOfFrames')::int)
       from upload_file
      where upload_id = $1 and status = 'clean' and instance->>'pixels' is distinct from 'none'
      group by 1, 2 on conflict do nothing`,
    [uploadId],
  )
}

export async function seriesToLookAt(db: Queryable, uploadId: string) {
  return await db.many(
    z
      .object({ series_instance_uid: z.string(), must_be_seen: z.boolean() })
      .transform((row) => ({ uid: row.series_instance_uid, mustBeSeen: row.must_be_seen })),
    `select series_instance_uid, must_be_seen from pixel_look
      where upload_id = $1 and not is_done order by series_instance_uid`,
    [uploadId],
  )
}

/** Files of the series that are done, of all in which text could be. */
export async function filesLookedAt(db: Queryable, uploadId: string) {
  return await db.one(
    z.object({ files: z.number(), of: z.number() }),
    `select count(*) filter (where l.is_done)::int as files, count(*)::int as of
       from upload_file f
       join pixel_look l on l.upload_id = f.upload_id
        and l.series_instance_uid = f.instance->>'seriesInstanceUid'
      where f.upload_id = $1 and f.status = 'clean'
        and f.instance->>'pixels' is distinct from 'none'`,
    [uploadId],
  )
}

/** In the order in which a person pages through them. */
export async function filesOfSeries(db: Queryable, uploadId: string, seriesUid: string) {
  return await db.many(
    z
      .object({ sha256: z.string(), frames: z.number() })
      .transform((row) => ({ sha256: row.sha256, numberOfFrames: row.frames })),
    `select sha256, (instance->>'numberOfFrames')::int as frames from upload_file
      where upload_id = $1 and status = 'clean' and instance->>'seriesInstanceUid' = $2
        and instance->>'pixels' is distinct from 'none'
      order by (instance #>> '{metadata,00200013,Value,0}')::float8 nulls last,
               instance->>'sopInstanceUid'`,
    [uploadId, seriesUid],
  )
}

/** Whatever an attempt before this one has seen of it is seen again. */
export async function beginSeries(
  db: Queryable,
  uploadId: string,
  seriesUid: string,
): Promise<void> {
  await db.run(
    `with gone as (delete from pixel_finding where upload_id = $1 and series_instance_uid = $2)
     update pixel_look set planned_frames = 0, looked_frames = 0
      where upload_id = $1 and series_instance_uid = $2`,
    [uploadId, seriesUid],
  )
}

export async function addPlanned(
  db: Queryable,
  uploadId: string,
  seriesUid: string,
  frames: number,
): Promise<void> {
  await db.run(
    `update pixel_look set planned_frames = planned_frames + $3
      where upload_id = $1 and series_instance_uid = $2`,
    [uploadId, seriesUid, frames],
  )
}

export async function addLooked(
  db: Queryable,
  uploadId: string,
  seriesUid: string,
  frames: number,
): Promise<void> {
  await db.run(
    `update pixel_look set looked_frames = looked_frames + $3
      where upload_id = $1 and series_instance_uid = $2`,
    [uploadId, seriesUid, frames],
  )
}

/** A file that could not be looked at stays one, whatever was seen in other frames of it. */
export async function putFinding(
  db: Queryable,
  uploadId: string,
  finding: {
    seriesUid: string
    sha256: string
    /** null: text was seen. */
    code: string | null
    frames: readonly FrameBoxes[]
  },
): Promise<void> {
  const { seriesUid, sha256, code, frames } = finding
  await db.run(
    `insert into pixel_finding (upload_id, sha256, series_instance_uid, kind, code, frames)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (upload_id, sha256) do update set
       kind = case when pixel_finding.code is null then excluded.kind else pixel_finding.kind end,
       code = coalesce(pixel_finding.code, excluded.code),
       frames = pixel_finding.frames || excluded.frames`,
    [
      uploadId,
      sha256,
      seriesUid,
      code === null ? 'text' : 'not-looked',
      code,
      JSON.stringify(frames),
    ],
  )
}

export async function finishSeries(
  db: Queryable,
  uploadId: string,
  seriesUid: string,
): Promise<void> {
  await db.run(
    'update pixel_look set is_done = true where upload_id = $1 and series_instance_uid = $2',
    [uploadId, seriesUid],
  )
}

/** Nothing is taken on trust: each file of a series that is not done waits for a person. */
export async function leaveRestToPersons(
  tx: Transaction,
  uploadId: string,
  code: string,
): Promise<void> {
  await tx.run(
    `insert into pixel_finding (upload_id, sha256, series_instance_uid, kind, code, frames)
     select f.upload_id, f.sha256, l.series_instance_uid, 'not-looked', $2, '[]'
       from upload_file f join pixel_look l on l.upload_id = f.upload_id
        and l.series_instance_uid = f.instance->>'seriesInstanceUid' and not l.is_done
      where f.upload_id = $1 and f.status = 'clean' and f.instance->>'pixels' is distinct from 'none'
     on conflict (upload_id, sha256) do update set kind = excluded.kind, code = excluded.code`,
    [uploadId, code],
  )
  await tx.run('update pixel_look set is_done = true where upload_id = $1', [uploadId])
}

/** The upload waits for a person now; counts for the audit trail. */
export async function finishLook(tx: Transaction, uploadId: string) {
  await tx.run(`update upload set status = 'awaiting-qc' where id = $1 and status = 'checking'`, [
    uploadId,
  ])
  return await tx.one(
    z.object({ looked: z.number(), frames: z.number(), findings: z.number() }),
    `select coalesce(sum(looked_frames), 0)::int as looked, coalesce(sum(frames), 0)::int as frames,
            (select count(*)::int from pixel_finding where upload_id = $1) as findings
       from pixel_look where upload_id = $1`,
    [uploadId],
  )
}
