/**
 * The operator's own screen: a page on the loopback address, for this run only, that shows what a
 * person has to see. Pictures and values go to that page and nowhere else; nothing is kept. Whoever
 * lacks the token in the address gets nothing.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import type { AttributeChange } from '../../report/compare.ts'
import { DecideRequest, type Decision } from './decisions.ts'
import type { WaitingSeries } from './protocol.ts'

export interface OperatorDesk {
  /** What waits, in the order in which it is shown. */
  readonly series: () => readonly WaitingSeries[]
  /** One frame as RGBA; undefined: it cannot be shown. */
  readonly frame: (input: string, frame: number) => Promise<Picture | undefined>
  readonly attributes: (input: string) => Promise<readonly AttributeChange[]>
  readonly decide: (
    inputs: readonly string[],
    decision: Decision | { readonly kind: 'open' },
  ) => void
}

export interface Picture {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8Array
}

export interface OperatorServer {
  /** To be opened by the person who sits here. */
  readonly address: string
  /** Resolves when the person says that the work is done. */
  readonly done: Promise<void>
  readonly close: () => void
}

const MAX_BODY_BYTES = 1024 * 1024
const ERASER = stripTypeScriptTypes.name
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

export async function startOperatorServer(desk: OperatorDesk): Promise<OperatorServer> {
  const token = randomBytes(16).toString('hex')
  const done = Promise.withResolvers<undefined>()
  const assets = loadAssets()
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) send(response, 500, 'text/plain', 'this could not be shown')
    })
  })
  let host = ''

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another site that resolves to this address is not this page.
    if (request.headers.host !== host) {
      send(response, 421, 'text/plain', 'not here')
      return
    }
    const url = new URL(request.url ?? '/', `http://${host}`)
    const asset = assets.get(url.pathname)
    if (request.method === 'GET' && asset !== undefined) {
      send(response, 200, asset.type, asset.body)
      return
    }
    if (!isToken(request.headers['x-pandok-token'], token)) {
      send(response, 403, 'text/plain', 'the address lacks its token')
      return
    }
    await serve(request, response, url)
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> {
    const input = url.searchParams.get('input') ?? ''
    switch (`${request.method ?? ''} ${url.pathname}`) {
      case 'GET /api/series':
        sendJson(response, desk.series())
        return
      case 'GET /api/frame': {
        const picture = await desk.frame(input, Number(url.searchParams.get('frame')))
        if (picture === undefined) {
          send(response, 404, 'text/plain', 'this frame cannot be shown')
          return
        }
        response.writeHead(200, {
          ...HEADERS,
          'content-type': 'application/octet-stream',
          'x-width': picture.width,
          'x-height': picture.height,
        })
        response.end(picture.rgba)
        return
      }
      case 'GET /api/attributes':
        sendJson(response, await desk.attributes(input))
        return
      case 'POST /api/decide': {
        const parsed = DecideRequest.safeParse(JSON.parse(await bodyOf(request)))
        if (!parsed.success) {
          send(response, 400, 'text/plain', 'not a decision')
          return
        }
        desk.decide(parsed.data.inputs, parsed.data.decision)
        sendJson(response, desk.series())
        return
      }
      case 'POST /api/done':
        sendJson(response, {})
        done.resolve(undefined)
        return
      default:
        send(response, 404, 'text/plain', 'not here')
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const listening = server.address()
  const port = typeof listening === 'object' && listening !== null ? listening.port : 0
  host = `127.0.0.1:${port}`
  return {
    address: `http://${host}/#${token}`,
    done: done.promise,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface Asset {
  readonly type: string
  readonly body: string
}

/** The page is TypeScript like everything else: its types are erased when it is served. */
function loadAssets(): ReadonlyMap<string, Asset> {
  const read = (name: string) => readFileSync(join(import.meta.dirname, 'page', name), 'utf8')
  const script = (name: string): Asset => ({
    type: 'text/javascript',
    body: withoutTypes(read(name)),
  })
  return new Map([
    ['/', { type: 'text/html', body: read('index.html') }],
    ['/page.css', { type: 'text/css', body: read('page.css') }],
    ['/page.ts', script('page.ts')],
    ['/boxes.ts', script('boxes.ts')],
    ['/words.ts', script('words.ts')],
  ])
}

/** That this is an experiment of Node's is no news for an operator; other warnings pass. */
function withoutTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    const isOurs = rest[0] === 'ExperimentalWarning' && String(warning).includes(ERASER)
    if (!isOurs) Reflect.apply(emitWarning, undefined, [warning, ...rest])
  }
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

function isToken(given: string | string[] | undefined, token: string): boolean {
  if (typeof given !== 'string' || given.length !== token.length) return false
  return timingSafeEqual(Buffer.from(given), Buffer.from(token))
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` })
  response.end(body)
}

function sendJson(response: ServerResponse, body: unknown): void {
  send(response, 200, 'application/json', JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > MAX_BODY_BYTES) throw new Error('too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
