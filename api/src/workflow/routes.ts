import type { Review, SegmentLabel, SeriesGeometry } from '@pandok/contract'
import type { Handlers } from '../platform/http/handler.ts'
import type { WorkflowService } from './service.ts'

/** What a task page needs besides the task; later stages of the data's way give it. */
export interface WorkflowPageParts {
  readonly geometriesOfCase: (caseId: string) => Promise<SeriesGeometry[]>
  readonly segmentsOf: (projectId: string) => Promise<SegmentLabel[]>
  readonly reviewsOfCase: (caseId: string) => Promise<Review[]>
}

export function workflowRoutes(
  workflow: WorkflowService,
  parts: WorkflowPageParts,
): Pick<
  Handlers,
  'listCases' | 'getCase' | 'listMyTasks' | 'takeNextTask' | 'getTask' | 'releaseTask'
> {
  return {
    listCases: async ({ project, query }) => ({
      items: await workflow.listCases(project.id, query.stage),
    }),
    getCase: async ({ params }) => ({
      ...(await workflow.getCase(params.caseId)),
      reviews: await parts.reviewsOfCase(params.caseId),
    }),
    listMyTasks: ({ actor, project }) => workflow.listMine(actor, project),
    takeNextTask: async ({ actor, project, body }) => ({
      task: await workflow.takeNext(actor, project, body.kind),
    }),
    getTask: async ({ actor, project, params }) => {
      const task = await workflow.taskFor(actor, project, params.taskId)
      const annotate = await workflow.annotateTaskOf(task.caseId)
      return {
        ...task,
        annotateTaskId: annotate.id,
        canEdit: task.kind === 'annotate' && task.assignment?.person.id === actor.id,
        series: await parts.geometriesOfCase(task.caseId),
        segments: await parts.segmentsOf(project.id),
        reviews: await parts.reviewsOfCase(task.caseId),
      }
    },
    releaseTask: ({ actor, params, body }) =>
      workflow.release(actor, params.taskId, body.assignmentId),
  }
}
