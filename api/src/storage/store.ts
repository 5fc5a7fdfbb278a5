/** The care of storage in SQL. */
import { z } from 'zod'
import type { BlobArea } from '../platform/blobs/index.ts'
import type { Database, Queryable, Transaction } from '../platform/database.ts'

type KeptArea = 'archive' | 'release'
export interface NamedBlob {
  readonly area: BlobArea
  readonly sha256: string
}

export interface KeptBlob {
  readonly area: KeptArea
  readonly sha256: string
}

const Count = z.coerce.number()

const DutyRow = z
  .object({
    cursor: z.string(),
    pass_started_at: z.date().nullable(),
    pass_blobs: Count,
    pass_bytes: Count,
    full_started_at: z.date().nullable(),
    full_finished_at: z.date().nullable(),
    full_blobs: Count.nullable(),
    full_bytes: Count.nullable(),
  })
  .transform((row) => ({
    cursor: row.cursor,
    passStartedAt: row.pass_started_at,
    passBlobs: row.pass_blobs,
    passBytes: row.pass_bytes,
    fullStartedAt: row.full_started_at,
    fullFinishedAt: row.full_finished_at,
    fullBlobs: row.full_blobs,
    fullBytes: row.full_bytes,
  }))
export type Duty = z.output<typeof DutyRow>

type DutyName = 'scrub' | 'orphans' | 'tidy'

export async function dutyNamed(db: Queryable, name: DutyName): Promise<Duty> {
  return await db.one(DutyRow, 'select * from storage_duty where name = $1', [name])
}

/** What is due and nobody's, ours for the lease. By the database's clock: workers' may differ. */
export async function takeDuty(
  db: Queryable,
  name: DutyName,
  leaseSeconds: number,
): Promise<Duty | undefined> {
  return await db.maybeOne(
    DutyRow,
    `update storage_duty
        set leased_until = now() + $2 * interval '1 second',
            pass_started_at = coalesce(pass_started_at, now())
      where name = $1 and due_at <= now() and leased_until <= now()
      returning *`,
    [name, leaseSeconds],
  )
}

/** `seconds`: until the next portion. */
export async function endPortion(
  db: Queryable,
  name: DutyName,
  done: { blobs: number; bytes: number; cursor: string; isEnd: boolean; seconds: number },
): Promise<void> {
  const { blobs, bytes, cursor, isEnd, seconds } = done
  await db.run(
    isEnd
      ? `update storage_duty
            set cursor = '', leased_until = '-infinity', due_at = now() + $2 * interval '1 second',
                full_started_at = pass_started_at, full_finished_at = now(),
                full_blobs = pass_blobs + $3, full_bytes = pass_bytes + $4,
                pass_started_at = null, pass_blobs = 0, pass_bytes = 0
          where name = $1`
      : `update storage_duty
            set cursor = $5, leased_until = '-infinity', due_at = now() + $2 * interval '1 second',
                pass_blobs = pass_blobs + $3, pass_bytes = pass_bytes + $4
          where name = $1`,
    isEnd ? [name, seconds, blobs, bytes] : [name, seconds, blobs, bytes, cursor],
  )
}

export function cursorOf({ area, sha256 }: { area: string; sha256: string }): string {
  return `${area}/${sha256}`
}

export function parseCursor(cursor: string): { area: string; sha256: string } | undefined {
  const [area, sha256] = cursor.split('/')
  return area === undefined || sha256 === undefined ? undefined : { area, sha256 }
}

const Kept = z.object({ area: z.enum(['archive', 'release']), sha256: z.string() })

/** What rows of the archive and of releases point to, in the order of area and hash. */
export async function keptBlobs(db: Queryable, cursor: string, limit: number) {
  const { area, sha256 } = parseCursor(cursor) ?? { area: '', sha256: '' }
  return await db.many(
    Kept,
    `select * from (
       (select distinct 'archive' as area, sha256 from instance
         where ('archive', sha256) > ($1, $2) order by sha256 limit $3)
       union all
       (select distinct 'release' as area, sha256 from release
         where status = 'ready' and ('release', sha256) > ($1, $2) order by sha256 limit $3)
     ) kept order by area, sha256 limit $3`,
    [area, sha256, limit],
  )
}

export async function keptAmong(
  db: Queryable,
  area: KeptArea,
  sha256s: readonly string[],
): Promise<string[]> {
  const rows = await db.many(
    z.object({ sha256: z.string() }),
    area === 'archive'
      ? 'select distinct sha256 from instance where sha256 = any($1)'
      : `select distinct sha256 from release where status = 'ready' and sha256 = any($1)`,
    [sha256s],
  )
  return rows.map((row) => row.sha256)
}

export async function setVerified(tx: Transaction, { area, sha256 }: KeptBlob): Promise<void> {
  await tx.run(
    `insert into blob_verified (area, sha256, verified_at) values ($1, $2, now())
     on conflict (area, sha256) do update set verified_at = excluded.verified_at`,
    [area, sha256],
  )
}

/** False when it was known. */
export async function addFinding(
  tx: Transaction,
  { area, sha256 }: NamedBlob,
  kind: 'missing' | 'damaged' | 'orphan',
): Promise<boolean> {
  const added = await tx.run(
    `insert into storage_finding (area, sha256, kind) values ($1, $2, $3)
     on conflict (area, sha256, kind) where resolved_at is null do nothing`,
    [area, sha256, kind],
  )
  return added === 1
}

/** Of an area, the names that are reported as missing. */
export async function openMissing(db: Queryable, area: BlobArea): Promise<string[]> {
  const rows = await db.many(
    z.object({ sha256: z.string() }),
    `select sha256 from storage_finding
      where area = $1 and kind = 'missing' and resolved_at is null`,
    [area],
  )
  return rows.map((row) => row.sha256)
}

export async function resolve(
  tx: Transaction,
  { area, sha256 }: NamedBlob,
  kinds: readonly string[],
): Promise<void> {
  await tx.run(
    `update storage_finding set resolved_at = now()
      where area = $1 and sha256 = $2 and kind = any($3) and resolved_at is null`,
    [area, sha256, kinds],
  )
}

export async function resolveOrphans(
  db: Queryable,
  area: KeptArea,
  sha256s: readonly string[],
): Promise<void> {
  await db.run(
    `update storage_finding set resolved_at = now()
      where area = $1 and sha256 = any($2) and kind = 'orphan' and resolved_at is null`,
    [area, sha256s],
  )
}

export async function databaseTime(db: Queryable): Promise<Date> {
  return (await db.one(z.object({ now: z.date() }), 'select now() as now')).now
}

export async function openFindings(db: Queryable) {
  return await db.many(
    z
      .object({
        area: z.string(),
        sha256: z.string(),
        kind: z.enum(['missing', 'damaged', 'orphan']),
        found_at: z.date(),
      })
      .transform(({ found_at, ...row }) => ({ ...row, foundAt: found_at.toISOString() })),
    `select area, sha256, kind, found_at from storage_finding
      where resolved_at is null order by id desc limit 200`,
  )
}

export async function countOpenFindings(db: Queryable): Promise<number> {
  const { count } = await db.one(
    z.object({ count: Count }),
    'select count(*) as count from storage_finding where resolved_at is null',
  )
  return count
}

export async function counts(db: Database) {
  return await db.one(
    z
      .object({
        blobs: Count,
        bytes: Count,
        never: Count,
        oldest: z.date().nullable(),
      })
      .transform((row) => ({
        blobs: row.blobs,
        bytes: row.bytes,
        neverVerified: row.never,
        oldestVerifiedAt: row.oldest?.toISOString() ?? null,
      })),
    `with kept as (
       select 'archive' as area, sha256, max(byte_count) as byte_count from instance group by sha256
       union all
       select 'release', sha256, max(byte_count) from release where status = 'ready' group by sha256)
     select count(*) as blobs, coalesce(sum(byte_count), 0) as bytes,
            count(*) filter (where verified_at is null) as never, min(verified_at) as oldest
       from kept left join blob_verified using (area, sha256)`,
  )
}
