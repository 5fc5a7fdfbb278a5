/** Who signs in, and what they may do in which project. */
import { PandokError, type Role } from '@pandok/contract'
import { recordAudit } from '../platform/audit.ts'
import type { Identity } from '../platform/auth.ts'
import type { Database } from '../platform/database.ts'
import type { Actor } from '../platform/http/handler.ts'
import * as store from './store.ts'

export function createPeopleService({
  db,
  onRolesChanged = () => undefined,
}: {
  db: Database
  /** Told after the change is there, before whoever made it is. */
  onRolesChanged?: () => void
}) {
  return {
    /** The person of a verified identity; made on the first sign-in. */
    personOf: async (identity: Identity): Promise<Actor> => {
      const row =
        (await store.personBySubject(db, identity.subject)) ??
        (await store.linkPerson(db, identity))
      if (row === undefined) {
        throw new PandokError('FORBIDDEN', 'this user name belongs to another account')
      }
      return {
        id: row.id,
        username: row.username,
        displayName: row.display_name,
        isAdmin: identity.isAdmin,
      }
    },
    rolesOf: (personId: string, projectId: string) => store.rolesIn(db, personId, projectId),
    /** Projects in which the person has the role. */
    projectsWith: (personId: string, role: Role) => store.projectsWith(db, personId, role),
    me: async (actor: Actor) => ({
      ...actor,
      memberships: await store.membershipsOf(db, actor.id),
    }),
    listMembers: (projectId: string) => store.membersOf(db, projectId),
    /** Sets all roles at once; takes effect with the next request. */
    putMember: async (
      actor: Actor,
      projectId: string,
      member: { username: string; roles: readonly Role[] },
    ) => {
      const put = await db.transaction(async (tx) => {
        const person = await store.invitePerson(tx, member.username)
        await store.replaceRoles(tx, projectId, person.id, member.roles)
        await recordAudit(tx, {
          actorId: actor.id,
          projectId,
          action: 'putMember',
          objectKind: 'person',
          objectId: person.id,
          details: { roles: member.roles },
        })
        return {
          id: person.id,
          username: person.username,
          displayName: person.display_name,
          roles: [...new Set(member.roles)],
        }
      })
      onRolesChanged()
      return put
    },
  }
}

export type PeopleService = ReturnType<typeof createPeopleService>
