/** Files that come with identifiers, and what became of them, in SQL. */
import { sumReports } from '@pandok/anonymizer'
import { DeidReport, type DeidReportRow } from '@pandok/contract'
import { z } from 'zod'
import type { Transaction } from '../platform/database.ts'

/** Of the contract: a report is read by it. */
const MAX_ROWS = 5_000
const MAX_PATH = 400

export interface CleanedFile {
  readonly sha256: string
  /** Of the clean file. */
  readonly output: { readonly sha256: string; readonly bytes: number; readonly instance: object }
}

/** Only what is not judged yet is judged; two files may become one and the same. */
export async function markCleaned(
  tx: Transaction,
  uploadId: string,
  files: readonly CleanedFile[],
): Promise<void> {
  const outputs = files.map(({ output }) => output)
  await tx.run(
    `insert into upload_file (upload_id, sha256, byte_count, status, instance, is_output)
     select distinct on (sha256) $1::uuid, sha256, byte_count, 'clean', instance::jsonb, true
       from unnest($2::text[], $3::bigint[], $4::text[]) as output (sha256, byte_count, instance)
     on conflict do nothing`,
    [
      uploadId,
      outputs.map(({ sha256 }) => sha256),
      outputs.map(({ bytes }) => bytes),
      outputs.map(({ instance }) => JSON.stringify(instance)),
    ],
  )
  await tx.run(
    `update upload_file f set status = 'cleaned', cleaned_sha256 = cleaned.output
       from unnest($2::text[], $3::text[]) as cleaned (source, output)
      where f.upload_id = $1 and f.sha256 = cleaned.source and f.status = 'received'`,
    [uploadId, files.map(({ sha256 }) => sha256), outputs.map(({ sha256 }) => sha256)],
  )
}

/** Adds what was done to `files` more files to the report of the upload. */
export async function addToReport(
  tx: Transaction,
  uploadId: string,
  files: number,
  rows: readonly DeidReportRow[],
): Promise<void> {
  const { report, label } = await tx.one(
    z.object({ report: DeidReport.nullable(), label: z.string() }),
    `select u.report, d.label from upload u
       join deid_profile d on d.project_id = u.project_id and d.version = u.profile_version
      where u.id = $1 for update of u`,
    [uploadId],
  )
  const sums = sumReports([...(report === null ? [] : [report.rows as Rows]), rows as Rows])
  const sum: DeidReport = {
    profile: label,
    files: (report?.files ?? 0) + files,
    rows: sums.filter(({ path }) => path.length <= MAX_PATH).slice(0, MAX_ROWS),
    leftOut: {},
  }
  await tx.run('update upload set report = $2 where id = $1', [uploadId, JSON.stringify(sum)])
}

/** The report's own rows: the contract says of the action only that it is a text. */
type Rows = Parameters<typeof sumReports>[0][number]

export async function addCollided(
  tx: Transaction,
  uploadId: string,
  pseudonyms: readonly string[],
): Promise<void> {
  if (pseudonyms.length === 0) return
  await tx.run(
    `update upload set collided_pseudonyms =
       array(select distinct unnest(collided_pseudonyms || $2::text[]) order by 1)
      where id = $1`,
    [uploadId, pseudonyms],
  )
}
