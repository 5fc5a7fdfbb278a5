/** Metadata of WADO-RS in SQL, and the compressed copy of a series' metadata. */
import { z } from 'zod'
import type { Queryable } from '../platform/database.ts'
import { type InstancePath, IS_FIRST } from './store.ts'

/**
 * The text of an instance's metadata, with the address before each path of bulk data; that within the
 * project where the address of all projects leads to another study of this UID. Within JSON these five
 * quotes cannot stand in a value: quotes of values are escaped.
 */
const TEXT = `replace(i.metadata::text, '"BulkDataURI": "', '"BulkDataURI": "' || $1 ||
  case when ${IS_FIRST} then '' else '/projects/' || (
    select p.key from project p where p.id = s.project_id) end ||
  '/studies/' || s.study_instance_uid || '/series/' || se.series_instance_uid ||
  '/instances/' || i.sop_instance_uid || '/bulkdata/')`
const TABLES = `instance i join series se on se.id = i.series_id join study s on s.id = se.study_id`

export interface SeriesMetadata {
  readonly seriesId: string
  readonly instances: number
  /** undefined where it is not kept; null where the client has it already. */
  readonly kept: { readonly etag: string; readonly gzip: Buffer | null } | undefined
}

/** Made once, as every row's: making one and compiling it takes longer than the statement. */
const SeriesRow = z
  .object({
    id: z.string(),
    instances: z.number(),
    etag: z.string().nullable(),
    gzip: z.instanceof(Buffer).nullable(),
  })
  .transform(({ id, instances, etag, gzip }) => ({
    seriesId: id,
    instances,
    kept: etag === null ? undefined : { etag, gzip },
  }))

/** undefined: there is no such series. `knownEtag`: what the client has. */
export async function seriesMetadata(
  db: Queryable,
  path: { study: string; series: string; projectId: string; base: string },
  knownEtag: string,
): Promise<SeriesMetadata | undefined> {
  return await db.maybeOne(
    SeriesRow,
    `select se.id, coalesce(se.instance_count, 0) as instances, m.etag,
            case when m.etag = $5 then null else m.gzip end as gzip
       from series se join study s on s.id = se.study_id
       left join series_metadata m on m.series_id = se.id
             and m.instance_count = se.instance_count and m.base = $4
      where s.study_instance_uid = $1 and se.series_instance_uid = $2 and s.project_id = $3`,
    [path.study, path.series, path.projectId, path.base, knownEtag],
  )
}

export async function keepSeriesMetadata(
  db: Queryable,
  kept: { seriesId: string; instances: number; base: string; etag: string; gzip: Buffer },
): Promise<void> {
  await db.run(
    `insert into series_metadata (series_id, instance_count, base, etag, gzip)
     values ($1, $2, $3, $4, $5)
     on conflict (series_id) do update set instance_count = excluded.instance_count,
       base = excluded.base, etag = excluded.etag, gzip = excluded.gzip`,
    [kept.seriesId, kept.instances, kept.base, kept.etag, kept.gzip],
  )
}

const TextRow = z.object({ series: z.string(), instance: z.string(), json: z.string() })

/** The next of a study's or series' instances. */
export async function metadataAfter(
  db: Queryable,
  scope: { base: string; study: string; series: string | undefined; projectId: string },
  after: { series: string; instance: string } | undefined,
  limit: number,
) {
  return await db.many(
    TextRow,
    `select se.series_instance_uid as series, i.sop_instance_uid as instance, ${TEXT} as json
       from ${TABLES}
      where s.study_instance_uid = $2 and s.project_id = $3
        and ($4::text is null or se.series_instance_uid = $4)
        and ($5::text is null or (se.series_instance_uid, i.sop_instance_uid) > ($5, $6))
      order by se.series_instance_uid, i.sop_instance_uid limit $7`,
    [
      scope.base,
      scope.study,
      scope.projectId,
      scope.series ?? null,
      after?.series ?? null,
      after?.instance ?? null,
      limit,
    ],
  )
}

export async function instanceMetadata(
  db: Queryable,
  path: InstancePath & { base: string; projectId: string },
) {
  return await db.maybeOne(
    z.object({ json: z.string(), sha256: z.string() }),
    `select ${TEXT} as json, i.sha256 from ${TABLES}
      where s.study_instance_uid = $2 and se.series_instance_uid = $3 and i.sop_instance_uid = $4
        and s.project_id = $5`,
    [path.base, path.study, path.series, path.instance, path.projectId],
  )
}
