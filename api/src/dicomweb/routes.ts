/** One handler for each operation of DICOMweb; those within a project differ in whose studies they see. */
import type { dicomweb as operations } from '@pandok/contract'
import type { Actor, Handlers, ProjectScope, RequestHeaders } from '../platform/http/handler.ts'
import type { MetadataRequest } from './metadata.ts'
import type { RetrieveRequest } from './retrieve.ts'
import type { SearchRequest } from './search.ts'
import type { Scope } from './search-store.ts'
import type { DicomwebService } from './service.ts'

interface Request {
  readonly actor: Actor
  readonly project: ProjectScope | undefined
  readonly params: {
    readonly projectKey?: string
    readonly study?: string
    readonly series?: string
  }
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: RequestHeaders
}
type InProject = Request & { readonly project: ProjectScope }

export function dicomwebRoutes(service: DicomwebService): Pick<Handlers, keyof typeof operations> {
  const { search, retrieve, metadata, frames, rendered } = service

  const searchStudies = (request: Request) => search.studies(searchOf(request))
  const searchSeries = (request: Request) => search.series(searchOf(request))
  const searchInstances = (request: Request) => search.instances(searchOf(request))

  const retrieveInstances = (request: InProject) =>
    retrieve.instances(scopeOf(request), retrievalOf(request))
  const retrieveInstance = (request: InProject & { params: Instance }) =>
    retrieve.instance(request.params, retrievalOf(request))
  const studyMetadata = (request: InProject & { params: { study: string } }) =>
    metadata.ofStudy(request.params.study, metadataOf(request))
  const seriesMetadata = (request: InProject & { params: { study: string; series: string } }) =>
    metadata.ofSeries(request.params, metadataOf(request))
  const instanceMetadata = (request: InProject & { params: Instance }) =>
    metadata.ofInstance(request.params, metadataOf(request))
  const retrieveFrames = (request: InProject & { params: Frames }) =>
    frames.frames(request.params, numbersOf(request.params), retrievalOf(request))
  const bulkdata = (request: InProject & { params: Instance & { path: string } }) =>
    frames.bulkdata(request.params, request.params.path, retrievalOf(request))
  const renderedAll = (request: InProject) => rendered.all(scopeOf(request), retrievalOf(request))
  const renderedInstance = (request: InProject & { params: Instance }) =>
    rendered.frames(request.params, undefined, retrievalOf(request))
  const renderedFrames = (request: InProject & { params: Frames }) =>
    rendered.frames(request.params, numbersOf(request.params), retrievalOf(request))
  const thumbnailOf = (request: InProject) =>
    rendered.thumbnailOf(scopeOf(request), retrievalOf(request))
  const instanceThumbnail = (request: InProject & { params: Instance }) =>
    rendered.thumbnail(request.params, undefined, retrievalOf(request))
  const frameThumbnail = (request: InProject & { params: Frames }) =>
    rendered.thumbnail(request.params, numbersOf(request.params)[0], retrievalOf(request))

  return {
    searchStudies: (request) => searchStudies({ ...request, project: undefined }),
    searchStudiesInProject: searchStudies,
    searchAllSeries: (request) => searchSeries({ ...request, project: undefined }),
    searchAllSeriesInProject: searchSeries,
    searchAllInstances: (request) => searchInstances({ ...request, project: undefined }),
    searchAllInstancesInProject: searchInstances,
    searchSeries,
    searchSeriesInProject: searchSeries,
    searchStudyInstances: searchInstances,
    searchStudyInstancesInProject: searchInstances,
    searchInstances,
    searchInstancesInProject: searchInstances,
    retrieveStudy: retrieveInstances,
    retrieveStudyInProject: retrieveInstances,
    retrieveSeries: retrieveInstances,
    retrieveSeriesInProject: retrieveInstances,
    retrieveInstance,
    retrieveInstanceInProject: retrieveInstance,
    retrieveStudyMetadata: studyMetadata,
    retrieveStudyMetadataInProject: studyMetadata,
    retrieveSeriesMetadata: seriesMetadata,
    retrieveSeriesMetadataInProject: seriesMetadata,
    retrieveInstanceMetadata: instanceMetadata,
    retrieveInstanceMetadataInProject: instanceMetadata,
    retrieveFrames,
    retrieveFramesInProject: retrieveFrames,
    retrieveBulkdata: bulkdata,
    retrieveBulkdataInProject: bulkdata,
    retrieveRenderedStudy: renderedAll,
    retrieveRenderedStudyInProject: renderedAll,
    retrieveRenderedSeries: renderedAll,
    retrieveRenderedSeriesInProject: renderedAll,
    retrieveRenderedInstance: renderedInstance,
    retrieveRenderedInstanceInProject: renderedInstance,
    retrieveRenderedFrames: renderedFrames,
    retrieveRenderedFramesInProject: renderedFrames,
    retrieveStudyThumbnail: thumbnailOf,
    retrieveStudyThumbnailInProject: thumbnailOf,
    retrieveSeriesThumbnail: thumbnailOf,
    retrieveSeriesThumbnailInProject: thumbnailOf,
    retrieveInstanceThumbnail: instanceThumbnail,
    retrieveInstanceThumbnailInProject: instanceThumbnail,
    retrieveFrameThumbnail: frameThumbnail,
    retrieveFrameThumbnailInProject: frameThumbnail,
  }

  /** The address that the client used, for those of what it finds. */
  function baseOf({ params, headers }: Request): string {
    const project = params.projectKey === undefined ? '' : `/projects/${params.projectKey}`
    return `${service.publicUrl ?? headers.origin}/dicomweb${project}`
  }

  function searchOf(request: Request): SearchRequest {
    const { headers, query } = request
    return { scope: scopeOf(request), query, accept: headers.accept, base: baseOf(request) }
  }

  function retrievalOf(request: InProject): RetrieveRequest {
    const { headers, query, project } = request
    const { accept, ifNoneMatch, ifRange, range, isHead } = headers
    const base = baseOf(request)
    return { projectId: project.id, query, accept, ifNoneMatch, ifRange, range, isHead, base }
  }
}

interface Instance {
  readonly study: string
  readonly series: string
  readonly instance: string
}
type Frames = Instance & { readonly frames: string }

function numbersOf({ frames }: Frames): number[] {
  return frames.split(',').map(Number)
}

function scopeOf({ actor, project, params }: Request): Scope {
  return {
    personId: actor.id,
    projectId: project?.id,
    ...(params.study === undefined ? {} : { study: params.study }),
    ...(params.series === undefined ? {} : { series: params.series }),
  }
}

function metadataOf({ headers, query, project }: InProject): MetadataRequest {
  const { accept, acceptEncoding, ifNoneMatch } = headers
  return { projectId: project.id, query, accept, acceptEncoding, ifNoneMatch }
}
