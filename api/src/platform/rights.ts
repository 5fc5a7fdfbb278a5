/**
 * What the application's own role may do, when the tables belong to another: read and write rows, but
 * neither change nor remove what is written once, nor touch triggers or tables. The queue of jobs is its
 * own: the queue's library hides its rows from everybody but their owner.
 */
import pg from 'pg'

/** The queue of an installation from before this role goes over to it. */
export async function giveQueue(ownerUrl: string, applicationUrl: string): Promise<void> {
  const role = roleOf(applicationUrl)
  await execute(
    ownerUrl,
    `do $$
     declare thing text;
     begin
       perform pg_advisory_xact_lock(hashtextextended('rights of the application', 0));
       execute format('grant create on database %I to ${role}', current_database());
       -- Once it is the application's, an owner who is no superuser may not even look at it.
       if not exists (select from pg_namespace
                       where nspname = 'graphile_worker' and nspowner <> '${role}'::regrole)
       then return; end if;
       execute 'alter schema graphile_worker owner to ${role}';
       for thing in
         select format('alter table %s owner to ${role}', c.oid::regclass)
           from pg_class c
          where c.relnamespace = to_regnamespace('graphile_worker') and c.relkind in ('r', 'p', 'v', 'S')
            and not exists (select from pg_depend d
                             where d.objid = c.oid and d.classid = 'pg_class'::regclass
                               and d.deptype in ('a', 'i') and c.relkind = 'S')
         union all
         select format('alter routine %s owner to ${role}', p.oid::regprocedure)
           from pg_proc p where p.pronamespace = to_regnamespace('graphile_worker')
         union all
         select format('alter type %s owner to ${role}', t.oid::regtype)
           from pg_type t left join pg_class c on c.oid = t.typrelid
          where t.typnamespace = to_regnamespace('graphile_worker')
            and (t.typtype in ('d', 'e') or c.relkind = 'c')
       loop execute thing; end loop;
     end $$`,
  )
}

export async function giveRights(ownerUrl: string, applicationUrl: string): Promise<void> {
  const role = roleOf(applicationUrl)
  await execute(
    ownerUrl,
    `do $$
     declare written_once regclass;
     begin
       perform pg_advisory_xact_lock(hashtextextended('rights of the application', 0));
       execute format('revoke create on database %I from ${role}', current_database());
       grant usage on schema public to ${role};
       grant select, insert, update, delete on all tables in schema public to ${role};
       grant usage on all sequences in schema public to ${role};
       revoke all on migration from ${role};
       for written_once in
         select distinct tgrelid::regclass from pg_trigger where tgfoid = 'refuse_change'::regproc
       loop
         execute format('revoke update, delete on %s from ${role}', written_once);
       end loop;
     end $$`,
  )
}

/** A name that needs no quotes, for use within a statement. */
function roleOf(url: string): string {
  const role = decodeURIComponent(new URL(url).username)
  if (!/^[a-z_][a-z0-9_]*$/.test(role)) {
    throw new Error('the user of DATABASE_URL must be of small letters, digits and _')
  }
  return role
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
