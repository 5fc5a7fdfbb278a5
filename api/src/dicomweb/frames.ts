/** Frames and large values of an instance (PS3.18 10.4, 8.7.3): as stored, decoded, or as HTJ2K. */
import { PandokError } from '@pandok/contract'
import type { BlobStore } from '../platform/blobs/index.ts'
import { plainRange, readFrame } from '../platform/frame-index.ts'
import type { BytesAnswer } from '../platform/http/handler.ts'
import { readAccept } from './accept.ts'
import { contentRange, etagOf, hasEtag, notModified, readRange } from './conditions.ts'
import { type Derived, unable } from './derived.ts'
import type { InstanceIndex } from './instance-index.ts'
import { multipartStream, multipartType, type Part } from './multipart.ts'
import type { Pixels } from './pixels.ts'
import { chooseFrameForm, type FrameForm, OCTETS } from './representations.ts'
import { KEEP, type RetrieveRequest, VARY } from './retrieve.ts'
import type { InstancePath, StoredInstance } from './store.ts'
import { isEncapsulated } from './syntaxes.ts'

const PIXEL_DATA = '7FE00010'
/** Of instances with more frames, those asked for are made one by one, and not kept. */
const MAX_FRAMES_MADE = 64
const KNOWN_PLACES = 1000

export interface FramesDeps {
  readonly blobs: BlobStore
  readonly index: InstanceIndex
  readonly derived: Derived
  readonly pixels: Pixels
}

export function createFrames({ blobs, index, derived, pixels }: FramesDeps) {
  /** Where values were found, by blob and path. */
  const places = new Map<string, { offset: number; length: number }>()

  return {
    /** `frames` numbered from 1. */
    frames: async (
      path: InstancePath,
      frames: readonly number[],
      request: RetrieveRequest,
    ): Promise<BytesAnswer> =>
      await answerFrames(await index.find(path, request.projectId), frames, request),

    bulkdata: async (
      path: InstancePath,
      element: string,
      request: RetrieveRequest,
    ): Promise<BytesAnswer> => {
      const found = await index.find(path, request.projectId)
      if (element === PIXEL_DATA && isEncapsulated(found.transferSyntaxUid)) {
        const all = Array.from({ length: found.numberOfFrames }, (_, at) => at + 1)
        return await answerFrames(found, all, request)
      }
      return answerValue(found, await placeOf(found, element), element, request)
    },
  }

  async function answerFrames(
    found: StoredInstance,
    frames: readonly number[],
    request: RetrieveRequest,
  ): Promise<BytesAnswer> {
    if (frames.some((frame) => found.frames[frame - 1] === undefined)) {
      throw new PandokError('NOT_FOUND')
    }
    const ranges = readAccept(request.accept, request.query)
    const form = chooseFrameForm(ranges, found.transferSyntaxUid, frames.length)
    const { isMultipart, mediaType, transferSyntaxUid } = form
    const which = `${transferSyntaxUid}-${frames.join('.')}`
    const headers = {
      etag: etagOf(found.sha256, `${isMultipart ? 'm' : 's'}-${mediaType}-${which}`),
      'cache-control': KEEP,
      vary: VARY,
    }
    const boundary = `pandok-${found.sha256.slice(0, 40)}`
    const partType = `${mediaType}; transfer-syntax=${transferSyntaxUid}`
    const type = isMultipart
      ? multipartType(mediaType, boundary, `; transfer-syntax=${transferSyntaxUid}`)
      : partType
    if (hasEtag(request.ifNoneMatch, headers.etag)) return notModified(type, headers)
    const read = await frameReader(found, form)
    if (!isMultipart) return { type, headers, body: await read(frames[0] ?? 1) }
    // The first is there before the answer begins: what cannot be decoded is a refusal, not half an answer.
    const [firstFrame = 1] = frames
    const first = await read(firstFrame)
    const parts = async function* (): AsyncGenerator<Part> {
      for (const frame of frames) {
        const body = frame === firstFrame ? first : await read(frame)
        const { study, series, instance } = found
        const address = `studies/${study}/series/${series}/instances/${instance}/frames/${frame}`
        yield {
          headers: {
            'Content-Type': partType,
            'Content-Length': String(body.length),
            'Content-Location': `${request.base}/${address}`,
          },
          body,
        }
      }
    }
    return { type, headers, body: multipartStream(boundary, parts()) }
  }

  async function frameReader(
    found: StoredInstance,
    { transferSyntaxUid }: FrameForm,
  ): Promise<(frame: number) => Promise<Buffer>> {
    const isStored = transferSyntaxUid === found.transferSyntaxUid
    if (!isStored && found.numberOfFrames > MAX_FRAMES_MADE) {
      return (frame) => derived.frame(found, frame, transferSyntaxUid)
    }
    const form = await derived.inSyntax(found, transferSyntaxUid)
    return async (number) => {
      const bytes = await readFrame(blobs, form.area, form, number)
      if (bytes === undefined) throw new PandokError('NOT_FOUND')
      return bytes
    }
  }

  /** Native pixel data is where its frames are; other values are looked for once. */
  async function placeOf(found: StoredInstance, element: string) {
    const ranges = element === PIXEL_DATA ? found.frames.map(plainRange) : []
    const [first] = ranges
    const last = ranges.at(-1)
    if (first !== undefined && last !== undefined) {
      return { offset: first.offset, length: last.offset + last.length - first.offset }
    }
    const key = `${found.sha256} ${element}`
    const known = places.get(key)
    if (known !== undefined) return known
    const answer = await blobs.withLocalFile('archive', found.sha256, (path) =>
      pixels.locate({ path, element }),
    )
    if (answer.kind === 'refused') {
      if (answer.code === 'ELEMENT_MISSING') throw new PandokError('NOT_FOUND')
      throw unable(answer.code)
    }
    const { offset, length } = answer
    const [oldest] = places.keys()
    if (places.size >= KNOWN_PLACES && oldest !== undefined) places.delete(oldest)
    places.set(key, { offset, length })
    return { offset, length }
  }

  function answerValue(
    found: StoredInstance,
    place: { offset: number; length: number },
    element: string,
    request: RetrieveRequest,
  ): BytesAnswer {
    const ranges = readAccept(request.accept, request.query)
    const wanted = ranges.find(
      ({ type }) => type === OCTETS || type === '*/*' || type === 'application/*',
    )
    if (wanted === undefined) throw new PandokError('NOT_ACCEPTABLE')
    const etag = etagOf(found.sha256, `${wanted.isMultipart ? 'm' : 's'}-${element}`)
    const headers = { etag, 'cache-control': KEEP, vary: VARY }
    const boundary = `pandok-${found.sha256.slice(0, 40)}`
    const type = wanted.isMultipart ? multipartType(OCTETS, boundary) : OCTETS
    if (hasEtag(request.ifNoneMatch, etag)) return notModified(type, headers)
    if (wanted.isMultipart) {
      const body = request.isHead ? '' : multipartStream(boundary, onePart(found, place))
      return { type, headers, body }
    }
    const range = readRange(request.range, place.length, { value: request.ifRange, etag })
    const { offset, length } = range ?? { offset: 0, length: place.length }
    const piece = { offset: place.offset + offset, length }
    return {
      type,
      status: range === undefined ? 200 : 206,
      headers: {
        ...headers,
        'accept-ranges': 'bytes',
        'content-length': String(length),
        ...(range && { 'content-range': contentRange(range, place.length) }),
      },
      body: request.isHead ? '' : blobs.stream('archive', found.sha256, piece),
    }
  }

  async function* onePart(
    found: StoredInstance,
    place: { offset: number; length: number },
  ): AsyncGenerator<Part> {
    await Promise.resolve()
    yield {
      headers: { 'Content-Type': OCTETS, 'Content-Length': String(place.length) },
      body: blobs.stream('archive', found.sha256, place),
    }
  }
}
