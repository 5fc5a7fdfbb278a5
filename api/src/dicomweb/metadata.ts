/**
 * Metadata of studies, series and instances (PS3.18 10.4, annex F). That of a series is made once and
 * kept compressed; it is made anew when the series has grown. What is large leaves in pages, as they are
 * read, so that memory does not grow with it.
 */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gunzip, gzip } from 'node:zlib'
import type { DicomJson } from '@pandok/anonymizer/dicom'
import { PandokError } from '@pandok/contract'
import type { Database } from '../platform/database.ts'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { etagOf, hasEtag, notModified } from './conditions.ts'
import type { Query } from './matching.ts'
import { chooseMetadataForm, JSON_TYPE, multipartXmlAnswer, xmlAnswer } from './metadata-form.ts'
import * as store from './metadata-store.ts'
import type { InstancePath } from './store.ts'

export interface MetadataRequest {
  readonly projectId: string
  readonly query: Query
  readonly accept: string | undefined
  readonly acceptEncoding: string | undefined
  readonly ifNoneMatch: string | undefined
}

const PAGE = 100
/** Larger series are sent as they are read. */
const MAX_KEPT_INSTANCES = 2000

const HEADERS = {
  'cache-control': 'private, no-cache',
  vary: 'accept, accept-encoding, authorization',
}

/** `base`: what addresses of bulk data begin with. */
export function createMetadata({ db, base }: { db: Database; base: string }) {
  return {
    ofStudy: async (study: string, request: MetadataRequest): Promise<BytesAnswer> => {
      if (formOf(request) !== 'json') return await xml({ study, series: undefined }, request)
      return await stream({ study, series: undefined }, request)
    },

    ofSeries: async (
      path: { study: string; series: string },
      request: MetadataRequest,
    ): Promise<BytesAnswer> => {
      if (formOf(request) !== 'json') return await xml(path, request)
      const isGzip = acceptsGzip(request.acceptEncoding)
      const suffix = isGzip ? 'gzip' : 'plain'
      const place = { ...path, projectId: request.projectId, base }
      const found = await store.seriesMetadata(db, place, knownEtag(request.ifNoneMatch, suffix))
      if (found === undefined || found.instances === 0) throw new PandokError('NOT_FOUND')
      if (found.kept === undefined && found.instances > MAX_KEPT_INSTANCES) {
        return await stream(path, request)
      }
      const { etag, gzip: bytes } = found.kept ?? (await keep(found, path, request.projectId))
      const headers = { ...HEADERS, etag: etagOf(etag, suffix) }
      if (bytes === null || hasEtag(request.ifNoneMatch, headers.etag)) {
        return notModified(JSON_TYPE, headers)
      }
      if (!isGzip) return { type: JSON_TYPE, body: await promisify(gunzip)(bytes), headers }
      return { type: JSON_TYPE, body: bytes, headers: { ...headers, 'content-encoding': 'gzip' } }
    },

    ofInstance: async (path: InstancePath, request: MetadataRequest): Promise<BytesAnswer> => {
      const form = formOf(request, { isOne: true })
      const { projectId } = request
      const found = await store.instanceMetadata(db, { ...path, base, projectId })
      if (found === undefined) throw new PandokError('NOT_FOUND')
      if (form === 'multipart-xml') return multipartXmlAnswer([readJson(found.json)], HEADERS)
      if (form === 'xml') return xmlAnswer(readJson(found.json), HEADERS)
      const headers = { ...HEADERS, etag: etagOf(hashOf(found.json), 'plain') }
      if (hasEtag(request.ifNoneMatch, headers.etag)) return notModified(JSON_TYPE, headers)
      return { type: JSON_TYPE, body: `[${found.json}]`, headers }
    },
  }

  async function keep(
    { seriesId, instances }: store.SeriesMetadata,
    path: { study: string; series: string },
    projectId: string,
  ): Promise<{ etag: string; gzip: Buffer }> {
    const chunks: string[] = []
    for await (const chunk of pages({ ...path, projectId })) chunks.push(chunk)
    const text = chunks.join('')
    const made = { etag: hashOf(text), gzip: await promisify(gzip)(text) }
    await store.keepSeriesMetadata(db, { seriesId, instances, base, ...made })
    return made
  }

  async function stream(
    path: { study: string; series: string | undefined },
    { projectId, acceptEncoding }: MetadataRequest,
  ): Promise<BytesAnswer> {
    const chunks = pages({ ...path, projectId })
    const first = await chunks.next()
    if (first.done === true || first.value === EMPTY) throw new PandokError('NOT_FOUND')
    const body = Readable.from(begunWith(first.value, chunks))
    if (!acceptsGzip(acceptEncoding)) return { type: JSON_TYPE, body, headers: HEADERS }
    const compressed = createGzip({ level: 4 })
    // A client that goes away ends both; there is nobody left to tell.
    pipeline(body, compressed).catch(() => undefined)
    const headers = { ...HEADERS, 'content-encoding': 'gzip' }
    return { type: JSON_TYPE, body: compressed, headers }
  }

  /** Of each instance a part; the first is there before the answer begins. */
  async function xml(
    path: { study: string; series: string | undefined },
    { projectId }: MetadataRequest,
  ): Promise<BytesAnswer> {
    const all = rowsOf({ ...path, projectId })
    const first = await all.next()
    if (first.done === true) throw new PandokError('NOT_FOUND')
    const parts = async function* () {
      for (const { json } of first.value) yield readJson(json)
      for await (const rows of all) for (const { json } of rows) yield readJson(json)
    }
    return multipartXmlAnswer(parts(), HEADERS)
  }

  async function* pages(scope: Place) {
    let opening = '['
    for await (const rows of rowsOf(scope)) {
      yield opening + rows.map((row) => row.json).join(',')
      opening = ','
    }
    yield opening === '[' ? EMPTY : ']'
  }

  async function* rowsOf(scope: Place) {
    let after: { series: string; instance: string } | undefined
    for (;;) {
      const rows = await store.metadataAfter(db, { ...scope, base }, after, PAGE)
      after = rows.at(-1)
      if (after === undefined) break
      yield rows
      if (rows.length < PAGE) break
    }
  }
}

const EMPTY = '[]'

interface Place {
  readonly study: string
  readonly series: string | undefined
  readonly projectId: string
}

function formOf({ accept, query }: MetadataRequest, { isOne } = { isOne: false }) {
  return chooseMetadataForm(accept, query, { isOne })
}

/** As it was written by the check. */
function readJson(text: string): DicomJson {
  return JSON.parse(text) as DicomJson
}

async function* begunWith(first: string, rest: AsyncIterable<string>) {
  yield first
  yield* rest
}

/** The tag within `If-None-Match` of one entity tag; '' for anything else. */
function knownEtag(header: string | undefined, suffix: string): string {
  return new RegExp(`^"([\\w-]+)-${suffix}"$`).exec(header ?? '')?.[1] ?? ''
}

function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '')
    .split(',')
    .some((each) => /^\s*(gzip|\*)\s*(;\s*q=(1|0?\.\d*[1-9]\d*|1\.0*))?\s*$/i.test(each))
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
