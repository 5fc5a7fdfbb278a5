import type { Handlers } from '../platform/http/handler.ts'
import type { ProjectService } from './service.ts'

export function projectRoutes(
  projects: ProjectService,
): Pick<Handlers, 'createProject' | 'listProjects' | 'getProject'> {
  return {
    createProject: ({ actor, body }) => projects.create(actor.id, body),
    listProjects: async () => ({ items: await projects.list() }),
    getProject: ({ project }) => projects.byId(project.id),
  }
}
