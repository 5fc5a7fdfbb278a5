/** What is archived: the series of a case or of an upload, and what is odd about their geometry. */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { Id, Uid } from '../primitives.ts'
import { SeriesFinding } from '../series-finding.ts'

export const ArchivedSeries = z.object({
  studyInstanceUid: Uid,
  seriesInstanceUid: Uid,
  modality: z.string(),
  seriesDescription: z.string().nullable(),
  instances: z.number().int().nonnegative(),
  /** Images that lie in the patient; 0 for documents, radiographs and the like. */
  slices: z.number().int().nonnegative(),
  /** The usual step between them; null where there is none. */
  sliceSpacingMm: z.number().positive().nullable(),
  /** Its slices can be taken for one volume. */
  isVolume: z.boolean(),
  findings: z.array(SeriesFinding),
})
export type ArchivedSeries = z.infer<typeof ArchivedSeries>

const found = z.object({ items: z.array(ArchivedSeries) })
const read = {
  method: 'GET',
  tag: 'archive',
  query: z.object({}),
  body: undefined,
  output: found,
  errors: [],
  audit: 'none',
} as const

export const listCaseSeries = operation({
  ...read,
  path: '/api/cases/:caseId/series',
  summary: 'The archived series of a case, and what is odd about their geometry',
  access: { kind: 'project', scope: 'case', roles: 'any' },
  params: z.object({ caseId: Id }),
})

export const listUploadArchivedSeries = operation({
  ...read,
  path: '/api/uploads/:uploadId/archived-series',
  summary: 'The series that an upload went into, and what is odd about their geometry',
  access: { kind: 'project', scope: 'upload', roles: ['data-manager', 'manager', 'auditor'] },
  params: z.object({ uploadId: Id }),
})
