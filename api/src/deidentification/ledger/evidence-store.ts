/** What the review board is shown of a project's uploads, in SQL: counts and codes. */
import { z } from 'zod'
import type { Queryable } from '../../platform/database.ts'

const UploadFacts = z.object({
  id: z.string(),
  startedAt: z.date().transform((at) => at.toISOString()),
  status: z.string(),
  profileVersion: z.number(),
  keyVersion: z.number(),
  files: z.number(),
  clean: z.number(),
  refused: z.record(z.string(), z.number()),
  subjects: z.number(),
  pixels: z.object({
    frames: z.number(),
    looked: z.number(),
    seriesOpenedByPersons: z.number(),
    filesWithText: z.number(),
    filesNotLooked: z.number(),
    cleared: z.number(),
    refused: z.number(),
    undecided: z.number(),
  }),
})
export type UploadFacts = z.output<typeof UploadFacts>

export async function uploadsForEvidence(db: Queryable, projectId: string): Promise<UploadFacts[]> {
  return await db.many(
    UploadFacts,
    `select u.id, u.created_at as "startedAt", u.status, u.profile_version as "profileVersion",
            u.key_version as "keyVersion", files.*, look.pixels
       from upload u
       cross join lateral (
         select count(*)::int as files,
                (count(*) filter (where status in ('clean', 'archived')))::int as clean,
                count(distinct instance->>'patientId')::int as subjects,
                coalesce((select jsonb_object_agg(refusal_code, n) from (
                  select refusal_code, count(*)::int as n from upload_file
                   where upload_id = u.id and status = 'refused' group by 1) codes), '{}') as refused
           from upload_file where upload_id = u.id) files
       cross join lateral (
         select jsonb_build_object(
           'frames', coalesce(sum(frames), 0), 'looked', coalesce(sum(looked_frames), 0),
           'seriesOpenedByPersons', (select count(distinct series_instance_uid)
                                      from pixel_seen where upload_id = u.id)) || (
             select jsonb_build_object(
               'filesWithText', count(*) filter (where kind = 'text'),
               'filesNotLooked', count(*) filter (where kind = 'not-looked'),
               'cleared', count(*) filter (where decision = 'clear'),
               'refused', count(*) filter (where decision = 'refuse'),
               'undecided', count(*) filter (where decision is null))
               from pixel_finding where upload_id = u.id) as pixels
           from pixel_look where upload_id = u.id) look
      where u.project_id = $1 and u.headers_checked_at is not null order by u.created_at`,
    [projectId],
  )
}

/** Archived instances in an order that nobody chose, as DICOM JSON (PS3.18 F.2). */
export async function sampleOfInstances(db: Queryable, projectId: string, count: number) {
  return await db.many(
    z.object({ uid: z.string(), metadata: z.record(z.string(), z.unknown()) }),
    `select i.sop_instance_uid as uid, i.metadata
       from instance i join series se on se.id = i.series_id join study s on s.id = se.study_id
      where s.project_id = $1 order by encode(sha256(i.sop_instance_uid::bytea), 'hex') limit $2`,
    [projectId, count],
  )
}
