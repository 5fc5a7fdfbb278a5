/** Persons and memberships in SQL. */
import { Role } from '@pandok/contract'
import { z } from 'zod'
import type { Queryable, Transaction } from '../platform/database.ts'

const PersonRow = z.object({ id: z.string(), username: z.string(), display_name: z.string() })
export type PersonRow = z.output<typeof PersonRow>

export async function personBySubject(
  db: Queryable,
  subject: string,
): Promise<PersonRow | undefined> {
  return await db.maybeOne(
    PersonRow,
    'select id, username, display_name from person where subject = $1',
    [subject],
  )
}

/**
 * The person of an identity: known by subject; or invited by username and not yet linked; or new.
 * undefined when the username belongs to another subject.
 */
export async function linkPerson(
  db: Queryable,
  identity: { subject: string; username: string; displayName: string },
): Promise<PersonRow | undefined> {
  return await db.maybeOne(
    PersonRow,
    `insert into person (subject, username, display_name) values ($1, $2, $3)
     on conflict (username) do update
       set subject = excluded.subject, display_name = excluded.display_name
       where person.subject is null or person.subject = excluded.subject
     returning id, username, display_name`,
    [identity.subject, identity.username, identity.displayName],
  )
}

/** Makes sure somebody can be given roles before their first sign-in. */
export async function invitePerson(tx: Transaction, username: string): Promise<PersonRow> {
  await tx.run(
    `insert into person (username, display_name) values (lower($1), $1)
     on conflict (username) do nothing`,
    [username],
  )
  return await tx.one(
    PersonRow,
    'select id, username, display_name from person where username = lower($1)',
    [username],
  )
}

export async function membershipsOf(db: Queryable, personId: string) {
  return await db.many(
    z.object({
      projectKey: z.string(),
      nameEn: z.string(),
      nameKo: z.string(),
      roles: z.array(Role),
    }),
    `select p.key as "projectKey", p.name_en as "nameEn", p.name_ko as "nameKo",
            array_agg(m.role order by m.role) as roles
       from membership m join project p on p.id = m.project_id
      where m.person_id = $1 group by p.id order by p.key`,
    [personId],
  )
}

export async function projectsWith(db: Queryable, personId: string, role: Role): Promise<string[]> {
  const rows = await db.many(
    z.object({ project_id: z.string() }),
    'select project_id from membership where person_id = $1 and role = $2 order by project_id',
    [personId, role],
  )
  return rows.map((row) => row.project_id)
}

/** Asked with every request: what is made anew each time is compiled anew each time. */
const RolesRow = z.object({ key: z.string(), roles: z.array(Role) })

/** The project's key and the person's roles in it (none: not a member); undefined: no project. */
export async function rolesIn(db: Queryable, personId: string, projectId: string) {
  return await db.maybeOne(
    RolesRow,
    `select p.key, coalesce(array_agg(m.role) filter (where m.role is not null), '{}') as roles
       from project p left join membership m on m.project_id = p.id and m.person_id = $1
      where p.id = $2 group by p.id`,
    [personId, projectId],
  )
}

export async function membersOf(db: Queryable, projectId: string) {
  return await db.many(
    z.object({
      id: z.string(),
      username: z.string(),
      displayName: z.string(),
      roles: z.array(Role),
    }),
    `select p.id, p.username, p.display_name as "displayName",
            array_agg(m.role order by m.role) as roles
       from membership m join person p on p.id = m.person_id
      where m.project_id = $1 group by p.id order by p.username`,
    [projectId],
  )
}

export async function replaceRoles(
  tx: Transaction,
  projectId: string,
  personId: string,
  roles: readonly Role[],
): Promise<void> {
  await tx.run('delete from membership where project_id = $1 and person_id = $2', [
    projectId,
    personId,
  ])
  await tx.run(
    `insert into membership (project_id, person_id, role)
     select $1, $2, unnest($3::text[])`,
    [projectId, personId, [...new Set(roles)]],
  )
}
