/**
 * DICOMweb (PS3.18) as this server speaks it. Paths are the standard's; access is by project: a
 * study one may not see does not exist. Any member who reads or oversees may read pixels.
 */
import { z } from 'zod'
import { bytes, operation } from '../operation.ts'
import { Uid } from '../primitives.ts'

const study = z.object({ study: Uid })
const series = study.extend({ series: Uid })
const instance = series.extend({ instance: Uid })
const none = z.object({})
const json = bytes('application/dicom+json')
const multipart = bytes('multipart/related')
/** QIDO-RS matching keys are many; unknown ones are refused by the service, not the schema. */
const matching = z.looseObject({})
const byStudy = { kind: 'project', scope: 'study', roles: 'any' } as const

const read = { method: 'GET', tag: 'dicomweb', body: undefined } as const

export const searchStudies = operation({
  ...read,
  path: '/dicomweb/studies',
  summary: 'QIDO-RS: studies of my projects (PS3.18 10.6)',
  access: { kind: 'signed-in' },
  params: none,
  query: matching,
  output: json,
  errors: [],
  audit: 'none',
})

export const searchSeries = operation({
  ...read,
  path: '/dicomweb/studies/:study/series',
  summary: 'QIDO-RS: series of a study',
  access: byStudy,
  params: study,
  query: matching,
  output: json,
  errors: [],
  audit: 'none',
})

export const searchInstances = operation({
  ...read,
  path: '/dicomweb/studies/:study/series/:series/instances',
  summary: 'QIDO-RS: instances of a series',
  access: byStudy,
  params: series,
  query: matching,
  output: json,
  errors: [],
  audit: 'none',
})

export const retrieveSeriesMetadata = operation({
  ...read,
  path: '/dicomweb/studies/:study/series/:series/metadata',
  summary: 'WADO-RS: metadata of a series (PS3.18 10.4)',
  access: byStudy,
  params: series,
  query: none,
  output: json,
  errors: [],
  audit: 'none',
})

export const retrieveInstanceMetadata = operation({
  ...read,
  path: '/dicomweb/studies/:study/series/:series/instances/:instance/metadata',
  summary: 'WADO-RS: metadata of an instance',
  access: byStudy,
  params: instance,
  query: none,
  output: json,
  errors: [],
  audit: 'none',
})

export const retrieveInstance = operation({
  ...read,
  path: '/dicomweb/studies/:study/series/:series/instances/:instance',
  summary: 'WADO-RS: one instance as multipart/related or application/dicom',
  access: byStudy,
  params: instance,
  query: none,
  output: multipart,
  errors: ['NOT_ACCEPTABLE'],
  audit: 'none',
})

export const retrieveFrames = operation({
  ...read,
  path: '/dicomweb/studies/:study/series/:series/instances/:instance/frames/:frames',
  summary: 'WADO-RS: frames, numbered from 1, comma-separated',
  access: byStudy,
  params: instance.extend({ frames: z.string().regex(/^[1-9]\d{0,5}(,[1-9]\d{0,5}){0,999}$/) }),
  query: none,
  output: multipart,
  errors: ['NOT_ACCEPTABLE'],
  audit: 'none',
})
