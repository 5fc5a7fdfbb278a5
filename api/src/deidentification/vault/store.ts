/**
 * The store of the projects' keys and of whom pseudonyms stand for: a database of its own under a role
 * of its own (VAULT_URL). Opened here and nowhere else; nothing outside this folder reads a key.
 */
import { createKey } from '@pandok/anonymizer'
import { z } from 'zod'
import { openDatabase, type Transaction } from '../../platform/database.ts'
import { type KeyName, unwrapKey, wrapKey } from './wrap.ts'

const POOL_SIZE = 2
/** Every request for dates asks for a key; a few are kept, and none is ever changed. */
const CACHED_KEYS = 100

interface Claim {
  readonly pseudonym: string
  readonly subjectDigest: string
}

export interface VaultStore {
  /** Makes the key unless it is there. */
  readonly create: (name: KeyName) => Promise<void>
  readonly read: (name: KeyName) => Promise<Uint8Array>
  /** When each version was made, by version. */
  readonly createdAt: (projectId: string) => Promise<ReadonlyMap<number, Date>>
  /** Takes over a wrapped key of version 1 as it is; throws unless it opens and is there then. */
  readonly adopt: (projectId: string, wrapped: Buffer, createdAt: Date) => Promise<void>
  /**
   * Keeps who came first under each pseudonym, for as long as an upload holds it; the pseudonyms that
   * stand for somebody else.
   */
  readonly claimSubjects: (
    projectId: string,
    uploadId: string,
    claims: readonly Claim[],
  ) => Promise<string[]>
  /** What only this upload held is free again. Idempotent. */
  readonly giveBackSubjects: (projectId: string, uploadId: string) => Promise<void>
  readonly close: () => Promise<void>
}

export function openVaultStore(options: { url: string; installationKey: Uint8Array }): VaultStore {
  const { installationKey } = options
  const db = openDatabase({ url: options.url, poolSize: POOL_SIZE })
  const cache = new Map<string, Uint8Array>()

  const insert = (name: KeyName, wrapped: Buffer, createdAt: Date | null) =>
    db.run(
      `insert into project_key (project_id, version, wrapped_key, created_at)
       values ($1, $2, $3, coalesce($4, now())) on conflict do nothing`,
      [name.projectId, name.version, wrapped, createdAt],
    )
  const wrappedOf = async ({ projectId, version }: KeyName): Promise<Buffer> => {
    const row = await db.one(
      z.object({ wrapped_key: z.instanceof(Buffer) }),
      'select wrapped_key from project_key where project_id = $1 and version = $2',
      [projectId, version],
    )
    return row.wrapped_key
  }

  return {
    create: async (name) => {
      await insert(name, wrapKey(createKey(), installationKey, name), null)
    },
    read: async (name) => {
      const id = `${name.projectId}/${name.version}`
      const known = cache.get(id)
      if (known !== undefined) return known
      const key = unwrapKey(await wrappedOf(name), installationKey, name)
      if (cache.size >= CACHED_KEYS) cache.clear()
      cache.set(id, key)
      return key
    },
    createdAt: async (projectId) => {
      const rows = await db.many(
        z.object({ version: z.number(), created_at: z.date() }),
        'select version, created_at from project_key where project_id = $1',
        [projectId],
      )
      return new Map(rows.map((row) => [row.version, row.created_at]))
    },
    adopt: async (projectId, wrapped, createdAt) => {
      const name = { projectId, version: 1 }
      const key = unwrapKey(wrapped, installationKey, name)
      await insert(name, wrapped, createdAt)
      const kept = unwrapKey(await wrappedOf(name), installationKey, name)
      if (!Buffer.from(kept).equals(Buffer.from(key))) {
        throw new Error(
          `the vault holds another key for project ${projectId}: restore the right vault`,
        )
      }
    },
    claimSubjects: (projectId, uploadId, claims) =>
      db.transaction(async (tx) => {
        await lockSubjects(tx, projectId)
        const values = [
          projectId,
          claims.map(({ pseudonym }) => pseudonym),
          claims.map(({ subjectDigest }) => subjectDigest),
        ]
        await tx.run(
          `insert into subject (project_id, pseudonym, digest)
           select $1, * from unnest($2::text[], $3::text[]) as claim (pseudonym, digest)
           on conflict do nothing`,
          values,
        )
        await tx.run(
          `insert into subject_holder (project_id, pseudonym, upload_id)
           select s.project_id, s.pseudonym, $4
             from unnest($2::text[], $3::text[]) as claim (pseudonym, digest)
             join subject s on s.project_id = $1 and s.pseudonym = claim.pseudonym
            where s.digest = claim.digest
           on conflict do nothing`,
          [...values, uploadId],
        )
        const rows = await tx.many(
          z.object({ pseudonym: z.string() }),
          `select distinct claim.pseudonym
             from unnest($2::text[], $3::text[]) as claim (pseudonym, digest)
             join subject s on s.project_id = $1 and s.pseudonym = claim.pseudonym
            where s.digest <> claim.digest order by 1`,
          values,
        )
        return rows.map((row) => row.pseudonym)
      }),
    giveBackSubjects: (projectId, uploadId) =>
      db.transaction(async (tx) => {
        await lockSubjects(tx, projectId)
        const held = await tx.many(
          z.object({ pseudonym: z.string() }),
          `delete from subject_holder where project_id = $1 and upload_id = $2
           returning pseudonym`,
          [projectId, uploadId],
        )
        await tx.run(
          `delete from subject s
            where project_id = $1 and pseudonym = any($2) and is_counted
              and not exists (select from subject_holder h
                               where h.project_id = s.project_id and h.pseudonym = s.pseudonym)`,
          [projectId, held.map(({ pseudonym }) => pseudonym)],
        )
      }),
    close: db.close,
  }
}

/** Claims and returns of a project take turns: nothing is given back while another upload claims it. */
async function lockSubjects(tx: Transaction, projectId: string): Promise<void> {
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`subjects ${projectId}`])
}
