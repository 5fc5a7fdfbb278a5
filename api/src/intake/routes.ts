import type { Handlers } from '../platform/http/handler.ts'
import type { IntakeService } from './service.ts'

export function intakeRoutes(
  intake: IntakeService,
): Pick<
  Handlers,
  | 'createUpload'
  | 'putUploadFile'
  | 'completeUpload'
  | 'listUploads'
  | 'getUpload'
  | 'listUploadImages'
  | 'getUploadFrame'
  | 'listPixelFindings'
  | 'decidePixelFindings'
  | 'recordSeriesSeen'
  | 'decideQc'
> {
  return {
    createUpload: ({ actor, project, body }) => intake.create(actor, project.id, body),
    putUploadFile: ({ actor, params, body }) =>
      intake.receive(actor, params.uploadId, params.sha256, body),
    completeUpload: ({ actor, params, body }) => intake.complete(actor, params.uploadId, body),
    listUploads: async ({ project }) => ({ items: await intake.list(project.id) }),
    getUpload: ({ actor, params }) => intake.get(actor, params.uploadId),
    listUploadImages: async ({ params }) => ({
      items: await intake.images(params.uploadId, params.series),
    }),
    getUploadFrame: ({ params }) => intake.frame(params.uploadId, params.sha256, params.frame),
    listPixelFindings: async ({ params }) => ({
      items: await intake.findings(params.uploadId, params.series),
    }),
    decidePixelFindings: ({ actor, params, body }) =>
      intake.decideFindings(actor, params.uploadId, params.series, body),
    recordSeriesSeen: ({ actor, params, body }) =>
      intake.recordSeen(actor, params.uploadId, params.series, body.seen),
    decideQc: ({ actor, params, body }) => intake.decideQc(actor, params.uploadId, body),
  }
}
