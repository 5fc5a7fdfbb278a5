/** Where oidc-provider keeps sessions, grants, codes and tokens: one table in PostgreSQL. */
import type { Adapter, AdapterPayload } from 'oidc-provider'
import type pg from 'pg'

export async function createIdentityTables(pool: pg.Pool): Promise<void> {
  await pool.query(`
    create schema if not exists identity;
    create table if not exists identity.model (
      kind text not null,
      id text not null,
      payload jsonb not null,
      grant_id text,
      uid text,
      expires_at timestamptz,
      consumed_at timestamptz,
      primary key (kind, id)
    );
    create index if not exists model_by_grant on identity.model (grant_id);
    create index if not exists model_by_uid on identity.model (kind, uid);
    delete from identity.model where expires_at < now();`)
}

export function adapterFor(pool: pg.Pool, kind: string): Adapter {
  const find = async (where: string, value: string): Promise<AdapterPayload | undefined> => {
    const { rows } = await pool.query<{ payload: AdapterPayload; consumed: number | null }>(
      `select payload, extract(epoch from consumed_at)::int as consumed from identity.model
        where kind = $1 and ${where} = $2 and (expires_at is null or expires_at > now())`,
      [kind, value],
    )
    const [row] = rows
    if (row === undefined) return undefined
    return row.consumed === null ? row.payload : { ...row.payload, consumed: row.consumed }
  }
  return {
    upsert: async (id, payload, expiresIn) => {
      await pool.query(
        `insert into identity.model (kind, id, payload, grant_id, uid, expires_at)
         values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
         on conflict (kind, id) do update set payload = excluded.payload,
           grant_id = excluded.grant_id, uid = excluded.uid, expires_at = excluded.expires_at`,
        [kind, id, payload, payload.grantId ?? null, payload.uid ?? null, expiresIn],
      )
    },
    find: (id) => find('id', id),
    findByUid: (uid) => find('uid', uid),
    // No device flow here: nothing is ever stored under a user code.
    findByUserCode: () => Promise.resolve(undefined),
    consume: async (id) => {
      await pool.query(
        'update identity.model set consumed_at = now() where kind = $1 and id = $2',
        [kind, id],
      )
    },
    destroy: async (id) => {
      await pool.query('delete from identity.model where kind = $1 and id = $2', [kind, id])
    },
    revokeByGrantId: async (grantId) => {
      await pool.query('delete from identity.model where grant_id = $1', [grantId])
    },
  }
}
