/**
 * DICOMweb (PS3.18) as this server speaks it. Paths are the standard's, below two bases: `/dicomweb`
 * (all projects of the person) and `/dicomweb/projects/KEY` (one of them). Access is by project: a
 * study one may not see does not exist. Any member who reads or oversees may read pixels.
 */
import { z } from 'zod'
import { bytes, operation } from '../operation.ts'
import { ProjectKey, Uid } from '../primitives.ts'

const none = z.object({})
const study = z.object({ study: Uid })
const series = study.extend({ series: Uid })
const instance = series.extend({ instance: Uid })
const frames = instance.extend({
  frames: z.string().regex(/^[1-9]\d{0,5}(,[1-9]\d{0,5}){0,999}$/),
})
/** Tags and items down to a value: 7FE00010, 00283000.1.00283006. */
const bulkdata = instance.extend({
  path: z.string().regex(/^[0-9A-F]{8}(\.[1-9]\d{0,5}\.[0-9A-F]{8}){0,15}$/),
})
/** Query parameters are many; unknown ones are refused by the service, not the schema. */
const query = z.looseObject({})

interface Resource<Params extends z.ZodRawShape> {
  readonly path: string
  readonly summary: string
  readonly params: z.ZodObject<Params>
  readonly mediaType: string
}

const get = { method: 'GET', tag: 'dicomweb', body: undefined, query, audit: 'none' } as const

/** Over everything that the person may see. */
function ofPerson<P extends z.ZodRawShape>({ path, summary, params, mediaType }: Resource<P>) {
  return operation({
    ...get,
    path: `/dicomweb${path}`,
    summary,
    access: { kind: 'signed-in' },
    params,
    output: bytes(mediaType),
    errors: ['NOT_ACCEPTABLE'],
  })
}

/** Of a study, whose project decides. */
function ofStudy<P extends z.ZodRawShape>({ path, summary, params, mediaType }: Resource<P>) {
  return operation({
    ...get,
    path: `/dicomweb${path}`,
    summary,
    access: { kind: 'project', scope: 'study', roles: 'any' },
    params,
    output: bytes(mediaType),
    errors: ['NOT_ACCEPTABLE', 'RANGE_NOT_SATISFIABLE'],
  })
}

function inProject<P extends z.ZodRawShape>({ path, summary, params, mediaType }: Resource<P>) {
  return operation({
    ...get,
    path: `/dicomweb/projects/:projectKey${path}`,
    summary: `${summary}, within a project`,
    access: { kind: 'project', scope: 'project', roles: 'any' },
    params: z.object({ projectKey: ProjectKey, ...params.shape }),
    output: bytes(mediaType),
    errors: ['NOT_ACCEPTABLE', 'RANGE_NOT_SATISFIABLE'],
  })
}

const STUDY = '/studies/:study'
const SERIES = `${STUDY}/series/:series`
const INSTANCE = `${SERIES}/instances/:instance`
const JSON_TYPE = 'application/dicom+json'
const MULTIPART = 'multipart/related'
const IMAGE = 'image/jpeg'

function search<P extends z.ZodRawShape>(path: string, params: z.ZodObject<P>, what: string) {
  return { path, params, summary: `QIDO-RS: ${what} (PS3.18 10.6)`, mediaType: JSON_TYPE }
}
function retrieve<P extends z.ZodRawShape>(
  path: string,
  params: z.ZodObject<P>,
  what: string,
  mediaType: string = MULTIPART,
) {
  return { path, params, summary: `WADO-RS: ${what} (PS3.18 10.4)`, mediaType }
}

const allStudies = search('/studies', none, 'studies')
const allSeries = search('/series', none, 'series')
const allInstances = search('/instances', none, 'instances')
const seriesOfStudy = search(`${STUDY}/series`, study, 'series of a study')
const instancesOfStudy = search(`${STUDY}/instances`, study, 'instances of a study')
const instancesOfSeries = search(`${SERIES}/instances`, series, 'instances of a series')
const oneStudy = retrieve(STUDY, study, 'a study')
const oneSeries = retrieve(SERIES, series, 'a series')
const oneInstance = retrieve(INSTANCE, instance, 'an instance')
const metadataOfStudy = retrieve(`${STUDY}/metadata`, study, 'metadata of a study', JSON_TYPE)
const metadataOfSeries = retrieve(`${SERIES}/metadata`, series, 'metadata of a series', JSON_TYPE)
const metadataOfInstance = retrieve(
  `${INSTANCE}/metadata`,
  instance,
  'metadata of an instance',
  JSON_TYPE,
)
const someFrames = retrieve(`${INSTANCE}/frames/:frames`, frames, 'frames, counted from 1')
const bulkdataOfInstance = retrieve(`${INSTANCE}/bulkdata/:path`, bulkdata, 'one large value')
const renderedStudy = retrieve(`${STUDY}/rendered`, study, 'a study rendered')
const renderedSeries = retrieve(`${SERIES}/rendered`, series, 'a series rendered')
const renderedInstance = retrieve(`${INSTANCE}/rendered`, instance, 'an instance rendered', IMAGE)
const renderedFrames = retrieve(
  `${INSTANCE}/frames/:frames/rendered`,
  frames,
  'frames rendered',
  IMAGE,
)
const thumbnailOfStudy = retrieve(`${STUDY}/thumbnail`, study, 'thumbnail of a study', IMAGE)
const thumbnailOfSeries = retrieve(`${SERIES}/thumbnail`, series, 'thumbnail of a series', IMAGE)
const thumbnailOfInstance = retrieve(
  `${INSTANCE}/thumbnail`,
  instance,
  'thumbnail of an instance',
  IMAGE,
)
const thumbnailOfFrame = retrieve(
  `${INSTANCE}/frames/:frames/thumbnail`,
  frames,
  'thumbnail of a frame',
  IMAGE,
)

export const dicomweb = {
  searchStudies: ofPerson(allStudies),
  searchStudiesInProject: inProject(allStudies),
  searchAllSeries: ofPerson(allSeries),
  searchAllSeriesInProject: inProject(allSeries),
  searchAllInstances: ofPerson(allInstances),
  searchAllInstancesInProject: inProject(allInstances),
  searchSeries: ofStudy(seriesOfStudy),
  searchSeriesInProject: inProject(seriesOfStudy),
  searchStudyInstances: ofStudy(instancesOfStudy),
  searchStudyInstancesInProject: inProject(instancesOfStudy),
  searchInstances: ofStudy(instancesOfSeries),
  searchInstancesInProject: inProject(instancesOfSeries),
  retrieveStudy: ofStudy(oneStudy),
  retrieveStudyInProject: inProject(oneStudy),
  retrieveSeries: ofStudy(oneSeries),
  retrieveSeriesInProject: inProject(oneSeries),
  retrieveInstance: ofStudy(oneInstance),
  retrieveInstanceInProject: inProject(oneInstance),
  retrieveStudyMetadata: ofStudy(metadataOfStudy),
  retrieveStudyMetadataInProject: inProject(metadataOfStudy),
  retrieveSeriesMetadata: ofStudy(metadataOfSeries),
  retrieveSeriesMetadataInProject: inProject(metadataOfSeries),
  retrieveInstanceMetadata: ofStudy(metadataOfInstance),
  retrieveInstanceMetadataInProject: inProject(metadataOfInstance),
  retrieveFrames: ofStudy(someFrames),
  retrieveFramesInProject: inProject(someFrames),
  retrieveBulkdata: ofStudy(bulkdataOfInstance),
  retrieveBulkdataInProject: inProject(bulkdataOfInstance),
  retrieveRenderedStudy: ofStudy(renderedStudy),
  retrieveRenderedStudyInProject: inProject(renderedStudy),
  retrieveRenderedSeries: ofStudy(renderedSeries),
  retrieveRenderedSeriesInProject: inProject(renderedSeries),
  retrieveRenderedInstance: ofStudy(renderedInstance),
  retrieveRenderedInstanceInProject: inProject(renderedInstance),
  retrieveRenderedFrames: ofStudy(renderedFrames),
  retrieveRenderedFramesInProject: inProject(renderedFrames),
  retrieveStudyThumbnail: ofStudy(thumbnailOfStudy),
  retrieveStudyThumbnailInProject: inProject(thumbnailOfStudy),
  retrieveSeriesThumbnail: ofStudy(thumbnailOfSeries),
  retrieveSeriesThumbnailInProject: inProject(thumbnailOfSeries),
  retrieveInstanceThumbnail: ofStudy(thumbnailOfInstance),
  retrieveInstanceThumbnailInProject: inProject(thumbnailOfInstance),
  retrieveFrameThumbnail: ofStudy(thumbnailOfFrame),
  retrieveFrameThumbnailInProject: inProject(thumbnailOfFrame),
} as const
