/**
 * The short way for the two requests that come by the thousand: one frame, one instance as a single
 * part. It answers only what it can from memory and one read: access that the whole pipeline granted
 * within the last seconds, an instance whose place is known, bytes as they are stored on a disk of this
 * machine. Everything else goes the whole way, which gives the same bytes and headers.
 */
import { close, open, read } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BlobStore } from '../platform/blobs/index.ts'
import { plainRange } from '../platform/frame-index.ts'
import type { KnownAccess } from '../platform/http/known-access.ts'
import { readAccept } from './accept.ts'
import { etagOf } from './conditions.ts'
import type { InstanceIndex } from './instance-index.ts'
import { closing, multipartType, partHead } from './multipart.ts'
import { chooseFrameForm, chooseInstanceForm, DICOM, type FrameForm } from './representations.ts'
import { KEEP, VARY } from './retrieve.ts'
import type { StoredInstance } from './store.ts'

const UID = '([0-9.]{1,64})'
const ADDRESS = new RegExp(
  `^/dicomweb/studies/${UID}/series/${UID}/instances/${UID}(?:/frames/([1-9]\\d{0,5}))?$`,
)
const MAX_BYTES = 16 * 2 ** 20
const MAX_FORMS = 200

export interface LeanOptions {
  readonly index: Pick<InstanceIndex, 'peek'>
  readonly blobs: Pick<BlobStore, 'localPath'>
  readonly access: KnownAccess
  readonly publicUrl: string | undefined
  readonly accelLocation: string | undefined
}

/** True: it answers. False: nothing was done. */
export type LeanHandler = (request: IncomingMessage, response: ServerResponse) => boolean

export function createLeanHandler(options: LeanOptions): LeanHandler {
  const { index, blobs, access, publicUrl, accelLocation } = options
  /** By transfer syntax and Accept; undefined where the whole way decides. */
  const forms = new Map<string, FrameForm | undefined>()

  return (request, response) => {
    const { headers, url = '' } = request
    if (request.method !== 'GET' || headers.authorization === undefined) return false
    if (headers['if-none-match'] !== undefined || headers.range !== undefined) return false
    const match = ADDRESS.exec(url)
    if (match === null) return false
    const [, study = '', series = '', instance = '', number] = match
    const found = index.peek({ study, series, instance })
    if (found === undefined) return false
    if (access.find(found.projectId, headers.authorization) === undefined) return false
    const path = blobs.localPath('archive', found.sha256)
    if (path === undefined) return false
    return number === undefined
      ? sendInstance(found, path, request, response)
      : sendFrame(found, path, Number(number), request, response)
  }

  function sendFrame(
    found: StoredInstance,
    path: string,
    number: number,
    { headers }: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    const place = found.frames[number - 1]
    const range = place && plainRange(place)
    const form = formOf(headers.accept ?? '', found.transferSyntaxUid)
    if (range === undefined || form === undefined || range.length > MAX_BYTES) return false
    const { isMultipart, mediaType, transferSyntaxUid } = form
    const partType = `${mediaType}; transfer-syntax=${transferSyntaxUid}`
    const tag = `${isMultipart ? 'm' : 's'}-${mediaType}-${transferSyntaxUid}-${number}`
    if (!isMultipart) {
      sendBytes(response, path, { ...range, head: NOTHING, tail: NOTHING }, partType, {
        etag: etagOf(found.sha256, tag),
      })
      return true
    }
    const boundary = `pandok-${found.sha256.slice(0, 40)}`
    const base = `${publicUrl ?? `http://${headers.host ?? ''}`}/dicomweb`
    const { study, series, instance } = found
    const head = partHead(boundary, {
      'Content-Type': partType,
      'Content-Length': String(range.length),
      'Content-Location': `${base}/studies/${study}/series/${series}/instances/${instance}/frames/${number}`,
    })
    const tail = Buffer.concat([LINE_END, closing(boundary)])
    const type = multipartType(mediaType, boundary, `; transfer-syntax=${transferSyntaxUid}`)
    sendBytes(response, path, { ...range, head, tail }, type, { etag: etagOf(found.sha256, tag) })
    return true
  }

  function sendInstance(
    found: StoredInstance,
    path: string,
    { headers }: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    const { sha256, bytes, transferSyntaxUid } = found
    if (!isSinglePartAsStored(headers.accept ?? '', transferSyntaxUid)) return false
    const type = `${DICOM}; transfer-syntax=${transferSyntaxUid}`
    const own = { etag: etagOf(sha256, 'single'), 'accept-ranges': 'bytes' }
    if (accelLocation !== undefined) {
      const address = `${accelLocation}/archive/${sha256.slice(0, 2)}/${sha256}`
      response.writeHead(200, {
        ...COMMON,
        ...own,
        'content-type': type,
        'x-accel-redirect': address,
      })
      response.end()
      return true
    }
    if (bytes > MAX_BYTES) return false
    sendBytes(response, path, { offset: 0, length: bytes, head: NOTHING, tail: NOTHING }, type, own)
    return true
  }

  /** Undefined too where another form than the stored one has to be made. */
  function formOf(accept: string, stored: string): FrameForm | undefined {
    const key = `${stored} ${accept}`
    if (forms.has(key)) return forms.get(key)
    const form = orUndefined(() => chooseFrameForm(readAccept(accept, {}), stored, 1))
    if (forms.size >= MAX_FORMS) forms.clear()
    const usable = form?.transferSyntaxUid === stored ? form : undefined
    forms.set(key, usable)
    return usable
  }
}

function isSinglePartAsStored(accept: string, stored: string): boolean {
  const form = orUndefined(() => chooseInstanceForm(readAccept(accept, {}), [stored], true))
  return form?.kind === 'single' && form.syntaxFor(stored) === stored
}

/** What is refused is refused by the whole pipeline, in its words. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

const NOTHING = Buffer.alloc(0)
const LINE_END = Buffer.from('\r\n')
const COMMON = {
  'cache-control': KEEP,
  vary: VARY,
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
}

interface Piece {
  readonly offset: number
  readonly length: number
  readonly head: Buffer
  readonly tail: Buffer
}

/** One read into the buffer that is sent. The answer begins when the bytes are there. */
function sendBytes(
  response: ServerResponse,
  path: string,
  { offset, length, head, tail }: Piece,
  type: string,
  own: Readonly<Record<string, string>>,
): void {
  const fail = () => {
    response.writeHead(500, { 'content-type': 'application/problem+json' })
    response.end('{"title":"Something failed here","status":500,"code":"INTERNAL"}')
  }
  open(path, 'r', (openError, fd) => {
    if (openError !== null) {
      fail()
      return
    }
    const body = Buffer.allocUnsafeSlow(head.length + length + tail.length)
    head.copy(body, 0)
    tail.copy(body, head.length + length)
    read(fd, body, head.length, length, offset, (readError, count) => {
      close(fd, () => undefined)
      if (readError !== null || count !== length) {
        fail()
        return
      }
      response.writeHead(200, {
        ...COMMON,
        ...own,
        'content-type': type,
        'content-length': body.length,
      })
      response.end(body)
    })
  })
}
