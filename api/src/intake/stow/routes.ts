import type { Handlers } from '../../platform/http/handler.ts'
import type { StowService } from './service.ts'

export function stowRoutes(
  stow: StowService,
): Pick<
  Handlers,
  | 'storeInstances'
  | 'storeInstancesOfStudy'
  | 'storeInstancesInProject'
  | 'storeInstancesOfStudyInProject'
> {
  return {
    storeInstances: ({ actor, headers, body }) =>
      stow.store({ actor, projectId: undefined, studyInstanceUid: undefined, ...headers, body }),
    storeInstancesOfStudy: ({ actor, params, headers, body }) =>
      stow.store({ actor, projectId: undefined, studyInstanceUid: params.study, ...headers, body }),
    storeInstancesInProject: ({ actor, project, headers, body }) =>
      stow.store({ actor, projectId: project.id, studyInstanceUid: undefined, ...headers, body }),
    storeInstancesOfStudyInProject: ({ actor, project, params, headers, body }) =>
      stow.store({
        actor,
        projectId: project.id,
        studyInstanceUid: params.study,
        ...headers,
        body,
      }),
  }
}
