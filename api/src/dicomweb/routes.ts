import type { Handlers } from '../platform/http/handler.ts'
import type { DicomwebService } from './service.ts'

export function dicomwebRoutes(
  dicomweb: DicomwebService,
): Pick<
  Handlers,
  | 'searchStudies'
  | 'searchSeries'
  | 'searchInstances'
  | 'retrieveSeriesMetadata'
  | 'retrieveInstanceMetadata'
  | 'retrieveInstance'
  | 'retrieveFrames'
> {
  return {
    searchStudies: ({ actor, query }) => dicomweb.searchStudies(actor.id, query),
    searchSeries: ({ params, query }) => dicomweb.searchSeries(params.study, query),
    searchInstances: ({ params, query }) => dicomweb.searchInstances(params, query),
    retrieveSeriesMetadata: ({ params, headers }) => dicomweb.seriesMetadata(params, headers),
    retrieveInstanceMetadata: ({ params, headers }) => dicomweb.instanceMetadata(params, headers),
    retrieveInstance: ({ params, headers }) => dicomweb.instance(params, headers),
    retrieveFrames: ({ params, headers }) =>
      dicomweb.frames(params, params.frames.split(',').map(Number), headers),
  }
}
