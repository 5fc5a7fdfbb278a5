/**
 * Rendered frames and thumbnails (PS3.18 8.3.5, 10.4.1.1.3): JPEG or PNG, by the window of the query, of
 * the header, or of the values. Nothing is ever written into the picture: no annotation, no colour
 * profile.
 */
import { PandokError } from '@pandok/contract'
import type { BlobStore } from '../platform/blobs/index.ts'
import type { Database } from '../platform/database.ts'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { covers, type MediaRange, readAccept } from './accept.ts'
import { etagOf, hasEtag, notModified } from './conditions.ts'
import { unable } from './derived.ts'
import type { InstanceIndex } from './instance-index.ts'
import type { Query } from './matching.ts'
import { multipartStream, multipartType, newBoundary, type Part } from './multipart.ts'
import type { Pixels, RenderJob } from './pixels.ts'
import { KEEP, type RetrieveRequest, VARY } from './retrieve.ts'
import type { Scope } from './search-store.ts'
import {
  type InstancePath,
  instancesAfter,
  representative,
  type StoredInstance,
  transferSyntaxes,
} from './store.ts'

const TYPES = ['image/jpeg', 'image/png'] as const
type Look = Pick<RenderJob, 'quality' | 'window' | 'viewport'>

const QUALITY = 90
const THUMBNAIL = 128
const PAGE = 500
const MAX_SIDE = 8192

export interface RenderedDeps {
  readonly db: Database
  readonly blobs: BlobStore
  readonly index: InstanceIndex
  readonly pixels: Pixels
}

export function createRendered({ db, blobs, index, pixels }: RenderedDeps) {
  return {
    /** Without `frames`: the first. */
    frames: async (
      path: InstancePath,
      frames: readonly number[] | undefined,
      request: RetrieveRequest,
    ): Promise<BytesAnswer> => {
      const look = readLook(request.query)
      const found = await index.find(path, request.projectId)
      const answer = await render(found, frames ?? [1], look, request)
      if (request.query['annotation'] === undefined) return answer
      const warning = `299 ${request.base}: "Annotations are not supported."`
      return { ...answer, headers: { ...answer.headers, warning } }
    },

    /** Of a study or series: every frame of its images, in their order. What cannot be rendered is left out. */
    all: async (scope: Scope, request: RetrieveRequest): Promise<BytesAnswer> => {
      const look = readLook(request.query)
      if ((await transferSyntaxes(db, scope)).length === 0) throw new PandokError('NOT_FOUND')
      const { mediaType } = chooseImage(readAccept(request.accept, request.query), 2)
      const boundary = newBoundary()
      const parts = renderedParts(scope, { mediaType, ...look }, request.base)
      const first = await parts.next()
      if (first.done === true) {
        throw new PandokError('NOT_ACCEPTABLE', 'there is no frame that can be rendered')
      }
      const headers = { 'cache-control': 'private, no-cache', vary: VARY }
      const type = multipartType(mediaType, boundary)
      if (request.isHead) return { type, body: '', headers }
      const body = multipartStream(boundary, begunWith(first.value, parts))
      return { type, headers, body }
    },

    /** Of an instance or a frame of it. */
    thumbnail: async (
      path: InstancePath,
      frame: number | undefined,
      request: RetrieveRequest,
    ): Promise<BytesAnswer> => {
      const found = await index.find(path, request.projectId)
      const middle = Math.ceil(found.numberOfFrames / 2)
      return await render(found, [frame ?? middle], thumbnailLook(request.query), request)
    },

    /** Of a study or series: what stands for it. */
    thumbnailOf: async (scope: Scope, request: RetrieveRequest): Promise<BytesAnswer> => {
      const look = thumbnailLook(request.query)
      const found = await representative(db, scope)
      if (found === undefined) throw new PandokError('NOT_FOUND')
      const middle = Math.ceil(found.numberOfFrames / 2)
      const answer = await render(found, [middle], look, request)
      // Another image may stand for it tomorrow.
      return { ...answer, headers: { ...answer.headers, 'cache-control': 'private, no-cache' } }
    },
  }

  async function* renderedParts(
    scope: Scope,
    look: Look & Pick<RenderJob, 'mediaType'>,
    base: string,
  ): AsyncGenerator<Part, void, undefined> {
    let after: { series: string; instance: string } | undefined
    for (;;) {
      const page = await instancesAfter(db, scope, after, PAGE)
      for (const { sha256, frames, study, series, instance } of page) {
        for (const frame of frames.keys()) {
          const answer = await blobs.withLocalFile('archive', sha256, (path) =>
            pixels.render({ path, frame: frame + 1, ...look }),
          )
          // The next frame of the same pixels would be refused as well.
          if (answer.kind === 'refused') break
          const url = `${base}/studies/${study}/series/${series}/instances/${instance}`
          const headers = {
            'Content-Type': look.mediaType,
            'Content-Location': `${url}/frames/${frame + 1}/rendered`,
          }
          yield { headers, body: Buffer.from(answer.bytes) }
        }
      }
      after = page.at(-1)
      if (page.length < PAGE) return
    }
  }

  async function render(
    found: StoredInstance,
    frames: readonly number[],
    look: Look,
    { query, accept, ifNoneMatch }: RetrieveRequest,
  ): Promise<BytesAnswer> {
    if (frames.some((frame) => found.frames[frame - 1] === undefined)) {
      throw new PandokError('NOT_FOUND', 'there is no such frame to render')
    }
    const { isMultipart, mediaType } = chooseImage(readAccept(accept, query), frames.length)
    const boundary = `pandok-${found.sha256.slice(0, 40)}`
    const form = Buffer.from(JSON.stringify([mediaType, isMultipart, frames, look]))
    const headers = {
      etag: etagOf(found.sha256, form.toString('base64url')),
      'cache-control': KEEP,
      vary: VARY,
    }
    const type = isMultipart ? multipartType(mediaType, boundary) : mediaType
    if (hasEtag(ifNoneMatch, headers.etag)) return notModified(type, headers)
    const one = async (frame: number): Promise<Buffer> => {
      const answer = await blobs.withLocalFile('archive', found.sha256, (path) =>
        pixels.render({ path, frame, mediaType, ...look }),
      )
      if (answer.kind === 'refused') throw unable(answer.code)
      return Buffer.from(answer.bytes)
    }
    const [firstFrame = 1, ...others] = frames
    const first = await one(firstFrame)
    if (!isMultipart) return { type, headers, body: first }
    const parts = async function* (): AsyncGenerator<Part> {
      yield { headers: { 'Content-Type': mediaType }, body: first }
      for (const frame of others) {
        yield { headers: { 'Content-Type': mediaType }, body: await one(frame) }
      }
    }
    return { type, headers, body: multipartStream(boundary, parts()) }
  }
}

async function* begunWith(first: Part, rest: AsyncIterable<Part>): AsyncGenerator<Part> {
  yield first
  yield* rest
}

/** One image is a single part, unless more are asked for. */
function chooseImage(
  ranges: readonly MediaRange[],
  count: number,
): { isMultipart: boolean; mediaType: (typeof TYPES)[number] } {
  for (const range of ranges) {
    const mediaType = TYPES.find((type) => covers(range, type))
    if (mediaType === undefined) continue
    const isMultipart = range.isMultipart || (count > 1 && range.type === '*/*')
    if (count > 1 && !isMultipart) continue
    return { isMultipart, mediaType }
  }
  throw new PandokError('NOT_ACCEPTABLE')
}

const KNOWN = new Set(['accept', 'annotation', 'quality', 'viewport', 'window', 'iccprofile'])

/** INPUT_INVALID for anything that cannot be meant. */
function readLook(query: Query): Look {
  for (const name of Object.keys(query)) {
    if (!KNOWN.has(name)) refuse('there is a query parameter that rendering does not know')
  }
  const annotation = textOf(query, 'annotation')
  if (annotation?.split(',').every((word) => ['patient', 'technique'].includes(word)) === false) {
    refuse('annotation is a list of patient and technique')
  }
  const profile = textOf(query, 'iccprofile')
  if (profile !== undefined && profile !== 'no') refuse('iccprofile: only "no" is supported')
  const quality = textOf(query, 'quality')
  if (quality !== undefined && !/^([1-9]\d?|100)$/.test(quality)) {
    refuse('quality lies between 1 and 100')
  }
  return {
    quality: Number(quality ?? QUALITY),
    window: readWindow(textOf(query, 'window')),
    viewport: readViewport(textOf(query, 'viewport')),
  }
}

function thumbnailLook(query: Query): Look {
  for (const name of Object.keys(query)) {
    if (name !== 'accept' && name !== 'viewport') refuse('a thumbnail has accept and viewport only')
  }
  const viewport = readViewport(textOf(query, 'viewport'))
  if (viewport?.source !== undefined) refuse('a thumbnail shows the whole image')
  return {
    quality: QUALITY,
    window: undefined,
    viewport: viewport ?? { width: THUMBNAIL, height: THUMBNAIL, source: undefined },
  }
}

const SHAPES = ['linear', 'linear-exact', 'sigmoid'] as const

function readWindow(text: string | undefined): Look['window'] {
  if (text === undefined) return undefined
  const [center, width, function_, ...rest] = text.split(',')
  // The function is all but always linear, and often left out.
  const shape = SHAPES.find((each) => each === (function_ ?? 'linear').trim().toLowerCase())
  const numbers = { center: numberOf(center), width: numberOf(width) }
  if (shape === undefined || rest.length > 0) refuse('window is CENTER,WIDTH,FUNCTION')
  const isTooNarrow = shape === 'linear' ? numbers.width < 1 : numbers.width <= 0
  if (isTooNarrow) refuse('the width of a linear window is at least 1, of others above 0')
  return { ...numbers, shape }
}

function readViewport(text: string | undefined): Look['viewport'] {
  if (text === undefined) return undefined
  const parts = text.split(',')
  const [width = 0, height = 0] = parts.slice(0, 2).map(numberOf)
  const isSize = (side: number) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE
  if (!isSize(width) || !isSize(height) || (parts.length !== 2 && parts.length !== 6)) {
    refuse(`viewport is WIDTH,HEIGHT[,X,Y,WIDTH,HEIGHT] of at most ${MAX_SIDE}`)
  }
  if (parts.length === 2) return { width, height, source: undefined }
  // An empty place has the default: 0 for an edge, 0 here for "to the other edge".
  const [left = 0, top = 0, sourceWidth = 0, sourceHeight = 0] = parts
    .slice(2)
    .map((part) => (part.trim() === '' ? 0 : numberOf(part)))
  if (left < 0 || top < 0) refuse('the region of a viewport begins inside the image')
  return { width, height, source: { left, top, width: sourceWidth, height: sourceHeight } }
}

function numberOf(text: string | undefined): number {
  if (text === undefined || !/^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text)) {
    return refuse('window and viewport hold numbers')
  }
  return Number(text)
}

function textOf(query: Query, name: string): string | undefined {
  const value = query[name]
  if (value !== undefined && typeof value !== 'string') refuse(`${name} is given more than once`)
  return value
}

function refuse(detail: string): never {
  throw new PandokError('INPUT_INVALID', detail)
}
