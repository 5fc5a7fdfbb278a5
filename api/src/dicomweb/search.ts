/** QIDO-RS (PS3.18 10.6): answers as DICOM JSON, sorted by tag, with the warnings of the standard. */
import type { DicomJson } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import type { Database } from '../platform/database.ts'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { COMMON, type Level, REQUIRED } from './keys.ts'
import { type Query, readSearch, type Search } from './matching.ts'
import { chooseMetadataForm, JSON_TYPE, multipartXmlAnswer } from './metadata-form.ts'
import * as store from './search-store.ts'

export interface SearchRequest {
  readonly scope: store.Scope
  readonly query: Query
  readonly accept: string | undefined
  /** Where clients reach the studies that `scope` is about: …/dicomweb or …/dicomweb/projects/KEY. */
  readonly base: string
}

export function createSearch(db: Database) {
  return {
    studies: async (request: SearchRequest): Promise<BytesAnswer> => {
      const search = begin(request, 'study')
      const rows = await store.findStudies(db, request.scope, search)
      return answer(rows, search, request, (row) => studyAttributes(row, search, request.base))
    },

    series: async (request: SearchRequest): Promise<BytesAnswer> => {
      const search = begin(request, 'series')
      await requireParent(request.scope)
      const rows = await store.findSeries(db, request.scope, search)
      const isRelational = request.scope.study === undefined
      return answer(rows, search, request, (row) => ({
        ...(isRelational ? studyAttributes(row, search, request.base) : {}),
        ...seriesAttributes(row, search, request.base),
      }))
    },

    instances: async (request: SearchRequest): Promise<BytesAnswer> => {
      const search = begin(request, 'instance')
      await requireParent(request.scope)
      const tags =
        search.include === 'all'
          ? undefined
          : [...Object.keys(REQUIRED.instance), ...COMMON.instance, ...search.include]
      const rows = await store.findInstances(db, request.scope, search, tags)
      const { study, series } = request.scope
      return answer(rows, search, request, (row) => ({
        ...(study === undefined ? studyAttributes(row, search, request.base) : {}),
        ...(series === undefined ? seriesAttributes(row, search, request.base) : {}),
        ...instanceAttributes(row, request.base),
      }))
    },
  }

  function begin({ query, accept }: SearchRequest, level: Level): Search {
    chooseMetadataForm(accept, query, { isOne: false })
    return readSearch(query, level)
  }

  /** Below a study or series that is not there is nothing to search. */
  async function requireParent(scope: store.Scope): Promise<void> {
    if (scope.study === undefined) return
    const level = scope.series === undefined ? 'study' : 'series'
    if (!(await store.isThere(db, scope, level))) throw new PandokError('NOT_FOUND')
  }
}

type Attributes = Record<string, unknown>

function answer<Row>(
  rows: readonly Row[],
  { limit, isFuzzy }: Search,
  { base, accept, query }: SearchRequest,
  attributesOf: (row: Row) => Attributes,
): BytesAnswer {
  const body = rows.slice(0, limit).map((row) => sorted(attributesOf(row)))
  const warnings = [
    ...(isFuzzy
      ? ['The fuzzymatching parameter is not supported. Only literal matching has been performed.']
      : []),
    ...(rows.length > limit ? ['There are additional results that can be requested'] : []),
  ]
  const headers = {
    'cache-control': 'private, no-cache',
    vary: 'accept, authorization',
    ...(warnings.length === 0
      ? {}
      : { warning: warnings.map((text) => `299 ${base}: "${text}"`).join(', ') }),
  }
  const isJson = chooseMetadataForm(accept, query, { isOne: false }) === 'json'
  // A body of no part is none (RFC 2046 5.1.1): 204, as for any search without a match (PS3.18 8.3.4.4).
  if (!isJson && body.length === 0) return { type: JSON_TYPE, status: 204, body: '', headers }
  if (!isJson) return multipartXmlAnswer(body as DicomJson[], headers)
  return { type: JSON_TYPE, body: JSON.stringify(body), headers }
}

function studyAttributes(row: store.StudyRow, search: Search, base: string): Attributes {
  return {
    ...chosen(row.study_attributes, 'study', search),
    '00080056': value('CS', 'ONLINE'),
    '00080061': value('CS', ...(row.modalities ?? [])),
    '00081190': value('UR', `${base}/studies/${row.study}`),
    '0020000D': value('UI', row.study),
    '00201206': value('IS', row.series_count ?? 0),
    '00201208': value('IS', row.study_instance_count ?? 0),
  }
}

function seriesAttributes(row: store.SeriesRow, search: Search, base: string): Attributes {
  return {
    ...chosen(row.series_attributes, 'series', search),
    '00080056': value('CS', 'ONLINE'),
    '00080060': value('CS', row.modality),
    '00081190': value('UR', `${base}/studies/${row.study}/series/${row.series}`),
    '0020000D': value('UI', row.study),
    '0020000E': value('UI', row.series),
    '00201209': value('IS', row.series_instance_count ?? 0),
  }
}

/** The database has left out what was not asked for. */
function instanceAttributes(row: store.InstanceRow, base: string): Attributes {
  const url = `${base}/studies/${row.study}/series/${row.series}/instances/${row.instance}`
  return {
    ...withRequired(row.instance_attributes, 'instance'),
    '00080016': value('UI', row.sop_class),
    '00080018': value('UI', row.instance),
    '00080056': value('CS', 'ONLINE'),
    '00081190': value('UR', url),
    '00083002': value('UI', row.transfer_syntax),
    '0020000D': value('UI', row.study),
    '0020000E': value('UI', row.series),
  }
}

function chosen(attributes: store.Attributes, level: Level, { include }: Search): Attributes {
  if (include === 'all') return withRequired(attributes, level)
  const wanted = new Set([...Object.keys(REQUIRED[level]), ...COMMON[level], ...include])
  const kept = Object.entries(attributes).filter(([tag]) => wanted.has(tag))
  return withRequired(Object.fromEntries(kept), level)
}

function withRequired(attributes: Attributes, level: Level): Attributes {
  const all: Attributes = {}
  for (const [tag, vr] of Object.entries(REQUIRED[level])) all[tag] = { vr }
  return Object.assign(all, attributes)
}

function value(vr: string, ...values: readonly (string | number)[]): object {
  return values.length === 0 ? { vr } : { vr, Value: values }
}

function sorted(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}
