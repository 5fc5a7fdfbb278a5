import { chunksOf } from '../platform/http/body.ts'
import type { Handlers } from '../platform/http/handler.ts'
import type { IntakeService } from './service.ts'

export function intakeRoutes(
  intake: IntakeService,
): Pick<
  Handlers,
  | 'createUpload'
  | 'putUploadFile'
  | 'getUploadFile'
  | 'patchUploadFile'
  | 'findUploadFiles'
  | 'completeUpload'
  | 'discardUpload'
  | 'listUploads'
  | 'getUpload'
  | 'listUploadImages'
  | 'getUploadFrame'
  | 'listPixelFindings'
  | 'decidePixelFindings'
  | 'recordSeriesSeen'
  | 'decideConflicts'
  | 'decideQc'
> {
  return {
    createUpload: ({ actor, project, body }) => intake.create(actor, project.id, body),
    putUploadFile: ({ actor, params, body, headers }) =>
      intake.receive(actor, params.uploadId, params.sha256, {
        bytes: chunksOf(body),
        declaredBytes: headers.contentLength,
      }),
    getUploadFile: ({ params }) => intake.stateOf(params.uploadId, params.sha256),
    patchUploadFile: ({ actor, params, query, body, headers }) => {
      const part = { ...query, declaredBytes: headers.contentLength }
      return intake.receivePart(actor, params.uploadId, params.sha256, part, chunksOf(body))
    },
    findUploadFiles: async ({ params, body }) => ({
      items: await intake.statesOf(params.uploadId, body.sha256s),
    }),
    discardUpload: ({ actor, params }) => intake.discard(actor, params.uploadId),
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
    decideConflicts: ({ actor, params, body }) =>
      intake.decideConflicts(actor, params.uploadId, body),
    decideQc: ({ actor, params, body }) => intake.decideQc(actor, params.uploadId, body),
  }
}
