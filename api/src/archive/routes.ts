import type { Handlers } from '../platform/http/handler.ts'
import type { ArchiveService } from './service.ts'

export function archiveRoutes(
  archive: ArchiveService,
): Pick<Handlers, 'listCaseSeries' | 'listUploadArchivedSeries'> {
  return {
    listCaseSeries: async ({ params }) => ({ items: await archive.seriesOfCase(params.caseId) }),
    listUploadArchivedSeries: async ({ params }) => ({
      items: await archive.seriesOfUpload(params.uploadId),
    }),
  }
}
