import type { Handlers } from '../platform/http/handler.ts'
import type { PeopleService } from './service.ts'

export function peopleRoutes(
  people: PeopleService,
): Pick<Handlers, 'getMe' | 'listMembers' | 'putMember'> {
  return {
    getMe: ({ actor }) => people.me(actor),
    listMembers: async ({ project }) => ({ items: await people.listMembers(project.id) }),
    putMember: ({ actor, project, params, body }) =>
      people.putMember(actor, project.id, { username: params.username, roles: body.roles }),
  }
}
