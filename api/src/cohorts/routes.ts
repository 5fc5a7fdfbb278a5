import type { Handlers } from '../platform/http/handler.ts'
import type { CohortService } from './service.ts'

export function cohortRoutes(
  cohorts: CohortService,
): Pick<Handlers, 'previewCohort' | 'createCohort' | 'listCohorts' | 'freezeCohort'> {
  return {
    previewCohort: async ({ project, body }) => ({
      members: await cohorts.preview(project.id, body.filter),
    }),
    createCohort: ({ actor, project, body }) => cohorts.create(actor, project.id, body),
    listCohorts: async ({ project }) => ({ items: await cohorts.list(project.id) }),
    freezeCohort: ({ actor, params }) => cohorts.freeze(actor, params.cohortId),
  }
}
