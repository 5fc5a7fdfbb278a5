/** Instances (PS3.18 10.4): one, a series or a study of them, in the transfer syntax asked for. */
import { PandokError } from '@pandok/contract'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { readAccept } from './accept.ts'
import { contentRange, etagOf, hasEtag, notModified, readRange } from './conditions.ts'
import type { Derived, Form } from './derived.ts'
import type { InstanceIndex } from './instance-index.ts'
import type { Query } from './matching.ts'
import { multipartStream, multipartType, newBoundary, type Part } from './multipart.ts'
import { chooseInstanceForm, DICOM, type InstanceForm, ZIP } from './representations.ts'
import type { Scope } from './search-store.ts'
import * as store from './store.ts'
import { type ZipEntry, zipStream } from './zip.ts'

export interface RetrieveRequest {
  readonly projectId: string
  readonly query: Query
  readonly accept: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifRange: string | undefined
  readonly range: string | undefined
  readonly isHead: boolean
  /** Where clients reach the studies. */
  readonly base: string
}

/** Pixels of an instance never change; only the asker may keep them. */
export const KEEP = 'private, max-age=31536000, immutable'
export const VARY = 'accept, authorization'
const PAGE = 500

export interface RetrieveDeps {
  readonly db: Database
  readonly blobs: BlobStore
  readonly index: InstanceIndex
  readonly derived: Derived
  /** Gives a blob to the web server in front; undefined: bytes leave from here. */
  readonly accelerate: (form: Form) => Readonly<Record<string, string>> | undefined
}

export function createRetrieve({ db, blobs, index, derived, accelerate }: RetrieveDeps) {
  return {
    /** Of a study, or a series of it. */
    instances: async (scope: Scope, request: RetrieveRequest): Promise<BytesAnswer> => {
      const ranges = readAccept(request.accept, request.query)
      const syntaxes = await store.transferSyntaxes(db, scope)
      if (syntaxes.length === 0) throw new PandokError('NOT_FOUND')
      const form = chooseInstanceForm(ranges, syntaxes, false)
      const headers = { 'cache-control': 'private, no-cache', vary: VARY }
      if (form.kind === 'zip') {
        const body = request.isHead ? '' : zipStream(entries(all(scope, form)))
        return { type: ZIP, headers: { ...headers, ...asFile(scope) }, body }
      }
      const boundary = newBoundary()
      const type = multipartType(DICOM, boundary)
      if (request.isHead) return { type, body: '', headers }
      return {
        type,
        headers,
        body: multipartStream(boundary, parts(all(scope, form), request.base)),
      }
    },

    instance: async (path: store.InstancePath, request: RetrieveRequest): Promise<BytesAnswer> => {
      const found = await index.find(path, request.projectId)
      const ranges = readAccept(request.accept, request.query)
      const chosen = chooseInstanceForm(ranges, [found.transferSyntaxUid], true)
      const form = await derived.inSyntax(found, chosen.syntaxFor(found.transferSyntaxUid))
      if (chosen.kind === 'zip') {
        const headers = { 'cache-control': KEEP, vary: VARY, ...asFile(path) }
        const one = zipStream(entries([{ instance: found, form }]))
        return { type: ZIP, headers, body: request.isHead ? '' : one }
      }
      if (chosen.kind === 'multipart') return asMultipart(found, form, request)
      return asSinglePart(form, request)
    },
  }

  function asMultipart(
    instance: store.StoredInstance,
    form: Form,
    { ifNoneMatch, isHead, base }: RetrieveRequest,
  ): BytesAnswer {
    // The same bytes each time, so that the tag is a strong one.
    const boundary = `pandok-${form.sha256.slice(0, 40)}`
    const headers = {
      etag: etagOf(form.sha256, 'multipart'),
      'cache-control': KEEP,
      vary: VARY,
    }
    const type = multipartType(DICOM, boundary)
    if (hasEtag(ifNoneMatch, headers.etag)) return notModified(type, headers)
    if (isHead) return { type, body: '', headers }
    const one = async function* () {
      yield await Promise.resolve(part(instance, form, base))
    }
    return { type, headers, body: multipartStream(boundary, one()) }
  }

  function asSinglePart(form: Form, request: RetrieveRequest): BytesAnswer {
    const { sha256, area, bytes, transferSyntaxUid } = form
    const etag = etagOf(sha256, 'single')
    const headers = { etag, 'cache-control': KEEP, vary: VARY, 'accept-ranges': 'bytes' }
    const type = `${DICOM}; transfer-syntax=${transferSyntaxUid}`
    if (hasEtag(request.ifNoneMatch, etag)) return notModified(type, headers)
    const range = readRange(request.range, bytes, { value: request.ifRange, etag })
    const elsewhere = accelerate(form)
    if (elsewhere !== undefined) return { type, body: '', headers: { ...headers, ...elsewhere } }
    const { offset, length } = range ?? { offset: 0, length: bytes }
    return {
      type,
      status: range === undefined ? 200 : 206,
      headers: {
        ...headers,
        'content-length': String(length),
        ...(range && { 'content-range': contentRange(range, bytes) }),
      },
      body: request.isHead ? '' : blobs.stream(area, sha256, { offset, length }),
    }
  }

  interface Given {
    readonly instance: store.StoredInstance
    readonly form: Form
  }

  async function* all(scope: Scope, form: InstanceForm): AsyncGenerator<Given> {
    let after: { series: string; instance: string } | undefined
    for (;;) {
      const page = await store.instancesAfter(db, scope, after, PAGE)
      for (const instance of page) {
        const wanted = form.syntaxFor(instance.transferSyntaxUid)
        yield { instance, form: await inSyntaxOrStored(instance, wanted) }
      }
      after = page.at(-1)
      if (page.length < PAGE) break
    }
  }

  async function* parts(given: AsyncIterable<Given>, base: string): AsyncGenerator<Part> {
    for await (const { instance, form } of given) yield part(instance, form, base)
  }

  async function* entries(given: AsyncIterable<Given> | Iterable<Given>): AsyncGenerator<ZipEntry> {
    for await (const { instance, form } of given) {
      yield {
        path: `${instance.series}/${instance.instance}.dcm`,
        bytes: form.bytes,
        body: blobs.stream(form.area, form.sha256),
      }
    }
  }

  /** The answer has begun: pixels that cannot be decoded go as they are, and their part says so. */
  async function inSyntaxOrStored(instance: store.StoredInstance, wanted: string): Promise<Form> {
    try {
      return await derived.inSyntax(instance, wanted)
    } catch (error) {
      if (error instanceof PandokError && error.code === 'NOT_ACCEPTABLE') {
        return await derived.inSyntax(instance, instance.transferSyntaxUid)
      }
      throw error
    }
  }

  function part(instance: store.StoredInstance, form: Form, base: string): Part {
    const { study, series } = instance
    const url = `${base}/studies/${study}/series/${series}/instances/${instance.instance}`
    return {
      headers: {
        'Content-Type': `${DICOM}; transfer-syntax=${form.transferSyntaxUid}`,
        'Content-Length': String(form.bytes),
        'Content-Location': url,
      },
      body: blobs.stream(form.area, form.sha256),
    }
  }
}

/** UIDs are names of files as they are. */
function asFile({
  study,
  series,
  instance,
}: {
  study?: string
  series?: string
  instance?: string
}) {
  const name = instance ?? series ?? study ?? 'dicom'
  return { 'content-disposition': `attachment; filename="${name}.zip"` }
}
