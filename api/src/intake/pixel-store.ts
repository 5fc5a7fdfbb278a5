/** What was found in pixels and what a person said of it, in SQL. */
import { PandokError, TextBox } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'
import { personOf } from '../platform/person.ts'

const FindingRow = z
  .object({
    sha256: z.string(),
    kind: z.enum(['text', 'not-looked']),
    code: z.string().nullable(),
    frames: z.array(z.object({ frame: z.number(), boxes: z.array(TextBox) })),
    decision: z.enum(['clear', 'refuse']).nullable(),
    decided_at: z.date().nullable(),
    person_id: z.string().nullable(),
    username: z.string().nullable(),
    display_name: z.string().nullable(),
  })
  .transform(({ decision, decided_at: at, ...row }) => {
    const by = personOf(row)
    const { sha256, kind, code, frames } = row
    return {
      sha256,
      kind,
      code,
      frames,
      decision:
        decision === null || at === null || by === null
          ? null
          : { decision, by, at: at.toISOString() },
    }
  })

export async function findingsOf(db: Queryable, uploadId: string, seriesUid: string) {
  return await db.many(
    FindingRow,
    `select f.sha256, f.kind, f.code, f.frames, f.decision, f.decided_at,
            person.id as person_id, person.username, person.display_name
       from pixel_finding f left join person on person.id = f.decided_by
      where f.upload_id = $1 and f.series_instance_uid = $2 order by f.sha256`,
    [uploadId, seriesUid],
  )
}

/** Decides the undecided ones, or the named ones of them: the hashes of those it decided. */
export async function decide(
  tx: Transaction,
  choice: {
    uploadId: string
    seriesUid: string
    decision: 'clear' | 'refuse'
    sha256s: readonly string[] | undefined
    personId: string
  },
): Promise<string[]> {
  const rows = await tx.many(
    z.object({ sha256: z.string() }),
    `update pixel_finding set decision = $3, decided_by = $4, decided_at = now()
      where upload_id = $1 and series_instance_uid = $2 and decision is null
        and ($5::text[] is null or sha256 = any($5))
     returning sha256`,
    [choice.uploadId, choice.seriesUid, choice.decision, choice.personId, choice.sha256s ?? null],
  )
  return rows.map((row) => row.sha256)
}

export async function refuseFiles(
  tx: Transaction,
  uploadId: string,
  sha256s: readonly string[],
): Promise<void> {
  await tx.run(
    `update upload_file set status = 'refused', refusal_code = 'QC_TEXT_IN_PIXELS', instance = null
      where upload_id = $1 and sha256 = any($2) and status = 'clean'`,
    [uploadId, sha256s],
  )
}

/** False when the person opened it before; NOT_FOUND for a series without pixels to be looked at. */
export async function markSeen(
  tx: Transaction,
  uploadId: string,
  seriesUid: string,
  personId: string,
): Promise<boolean> {
  const series = await tx.maybeOne(
    z.unknown(),
    'select from pixel_look where upload_id = $1 and series_instance_uid = $2',
    [uploadId, seriesUid],
  )
  if (series === undefined) throw new PandokError('NOT_FOUND')
  const inserted = await tx.run(
    `insert into pixel_seen (upload_id, series_instance_uid, person_id) values ($1, $2, $3)
     on conflict do nothing`,
    [uploadId, seriesUid, personId],
  )
  return inserted === 1
}

/**
 * What stands between the upload and its approval by the person. A series of which nothing is left
 * asks nothing.
 */
export async function openQuestions(tx: Transaction, uploadId: string, personId: string) {
  return await tx.one(
    z
      .object({ clean: z.number(), undecided: z.array(z.string()), unseen: z.array(z.string()) })
      .transform(({ clean, undecided, unseen }) => ({ cleanFiles: clean, undecided, unseen })),
    `with clean as (
       select instance->>'seriesInstanceUid' as series from upload_file
        where upload_id = $1 and status = 'clean')
     select (select count(*)::int from clean) as clean,
            array(select distinct series_instance_uid from pixel_finding
                   where upload_id = $1 and decision is null order by 1) as undecided,
            array(select series_instance_uid from pixel_look l
                   where upload_id = $1 and must_be_seen
                     and not exists (select from pixel_seen s
                                      where s.upload_id = $1 and s.person_id = $2
                                        and s.series_instance_uid = l.series_instance_uid)
                     and series_instance_uid in (select series from clean)
                   order by 1) as unseen`,
    [uploadId, personId],
  )
}
