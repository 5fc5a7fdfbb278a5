import type { Handlers } from '../platform/http/handler.ts'
import type { ProgrammeService } from './service.ts'

export function programmeRoutes(
  programme: ProgrammeService,
): Pick<Handlers, 'getProgress' | 'listAudit'> {
  return {
    getProgress: ({ project }) => programme.progress(project.id),
    listAudit: ({ project, query }) =>
      programme.audit(project.id, {
        before: query.before,
        limit: query.limit,
        action: query.action,
        actor: query.actor,
        objectId: query.objectId,
      }),
  }
}
