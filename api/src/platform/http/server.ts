/**
 * The HTTP pipeline, read top to bottom: limits of the socket, security headers, trace id and
 * errors, operations, the OpenAPI document, the built viewer.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { openApiDocument, PandokError } from '@pandok/contract'
import Koa, { type Context, type Next } from 'koa'
import type { Log } from '../log.ts'
import { toPandokError, toProblem } from './errors.ts'
import { createRouter, type RouterOptions } from './router.ts'
import { cutOffRest, endSlowClients } from './slow-clients.ts'
import { serveViewer } from './viewer.ts'

export interface HttpOptions extends RouterOptions {
  readonly log: Log
  readonly version: string
  readonly viewerDirectory: string | undefined
  /** Answers some requests by itself, before everything else; true: it does. */
  readonly answerShortly?: (request: IncomingMessage, response: ServerResponse) => boolean
  /** Origin of the identity provider, which the viewer's pages may talk to. */
  readonly identityOrigin: string
}

export function createHttpServer(options: HttpOptions): Server {
  const app = new Koa()
  // Aborted downloads arrive here as errors; they are the client's business.
  app.on('error', () => undefined)
  app.use(securityHeaders(options.identityOrigin))
  app.use(traceAndErrors(options.log))
  app.use(openApi(options.version))
  const router = createRouter(options)
  app.use(router.routes())
  app.use(unknownAddress())
  if (options.viewerDirectory !== undefined) app.use(serveViewer(options.viewerDirectory))
  const handle = app.callback()
  const server = createServer(
    // A large file takes its time; that it moves is watched by endSlowClients.
    { headersTimeout: 5_000, requestTimeout: 0, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      if (options.answerShortly?.(request, response) === true) return
      void handle(request, response)
    },
  )
  server.keepAliveTimeout = 15_000
  endSlowClients(server)
  return server
}

function securityHeaders(identityOrigin: string) {
  // `wasm-unsafe-eval`: the image codecs are WebAssembly. Blob workers: Cornerstone's.
  const policy = [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "worker-src 'self' blob:",
    `connect-src 'self' blob: ${identityOrigin}`,
    `frame-src 'self' ${identityOrigin}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
  ].join('; ')
  return async (context: Context, next: Next) => {
    context.set({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    })
    await next()
  }
}

function traceAndErrors(log: Log) {
  return async (context: Context, next: Next) => {
    const traceId = randomUUID()
    const started = performance.now()
    const operationOf = (): unknown => context.state['operation']
    try {
      await next()
    } catch (thrown) {
      const error = toPandokError(thrown)
      context.status = error.status
      context.body = JSON.stringify(toProblem(error, traceId))
      context.type = 'application/problem+json'
      if (error.status === 401) context.set('www-authenticate', 'Bearer')
      if (error.status === 503) context.set('retry-after', '2')
      if (!context.req.complete) cutOffRest(context.req, context.res)
      if (error.code === 'INTERNAL') {
        // The stack says where; messages of foreign errors may hold values and stay out.
        const where = thrown instanceof Error ? thrown.stack?.split('\n').slice(1, 6) : undefined
        const kind = thrown instanceof Error ? thrown.name : typeof thrown
        log.error({ traceId, operation: operationOf(), kind, where }, 'failed')
      }
    }
    if (isSampled(context)) {
      const ms = Math.round(performance.now() - started)
      log.info({ traceId, operation: operationOf(), status: context.status, ms }, 'served')
    }
  }
}

/** Pixels come by the thousand: only what failed of them is logged. */
function isSampled(context: Context): boolean {
  const operation: unknown = context.state['operation']
  if (operation === undefined || operation === 'getHealth') return false
  return operation !== 'retrieveFrames' || context.status >= 400
}

function openApi(version: string) {
  const document = JSON.stringify(openApiDocument(version))
  return async (context: Context, next: Next) => {
    if (context.method === 'GET' && context.path === '/api/openapi.json') {
      context.type = 'application/json'
      context.body = document
      return
    }
    await next()
  }
}

/** Under /api and /dicomweb there is no page to fall back to. */
function unknownAddress() {
  return async (context: Context, next: Next) => {
    if (/^\/(api|dicomweb)(\/|$)/.test(context.path)) throw new PandokError('NOT_FOUND')
    await next()
  }
}
