import type { Handlers } from '../platform/http/handler.ts'
import type { WorkflowService } from '../workflow/index.ts'
import type { AnnotationService } from './service.ts'

export function annotationRoutes(
  annotations: AnnotationService,
  workflow: WorkflowService,
): Pick<
  Handlers,
  | 'getSegmentation'
  | 'appendSegmentationRevision'
  | 'listMeasurements'
  | 'putMeasurement'
  | 'submitTask'
> {
  return {
    getSegmentation: async ({ actor, project, params }) => {
      const task = await workflow.taskFor(actor, project, params.taskId)
      const annotate = await workflow.annotateTaskOf(task.caseId)
      return await annotations.segmentation(annotate.id)
    },
    appendSegmentationRevision: ({ actor, params, body }) =>
      annotations.appendRevision(actor, params.taskId, body),
    listMeasurements: async ({ actor, project, params }) => {
      const task = await workflow.taskFor(actor, project, params.taskId)
      const annotate = await workflow.annotateTaskOf(task.caseId)
      return { items: await annotations.measurements(annotate.id) }
    },
    putMeasurement: ({ actor, params, body }) =>
      annotations.putMeasurement(actor, params.taskId, { ...body, id: params.measurementId }),
    submitTask: ({ actor, params, body }) =>
      annotations.submit(actor, params.taskId, body.assignmentId),
  }
}
