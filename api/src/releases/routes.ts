import type { Handlers } from '../platform/http/handler.ts'
import type { ReleaseService } from './service.ts'

export function releaseRoutes(
  releases: ReleaseService,
): Pick<Handlers, 'createRelease' | 'listReleases' | 'getRelease' | 'downloadRelease'> {
  return {
    createRelease: ({ actor, params }) => releases.create(actor, params.cohortId),
    listReleases: async ({ project }) => ({ items: await releases.list(project.id) }),
    getRelease: ({ params }) => releases.get(params.releaseId),
    downloadRelease: ({ actor, params, headers }) =>
      releases.download(actor, params.releaseId, headers.address),
  }
}
