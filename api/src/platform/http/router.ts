/**
 * Makes routes of the contract's operations. Each request passes, in this order:
 * identity → project and role → input → handler → output. An operation without a handler is a
 * type error; one without a scope resolver stops the start.
 */
import { Readable } from 'node:stream'
import Router from '@koa/router'
import {
  type Operation,
  type OperationId,
  operations,
  PandokError,
  type Role,
} from '@pandok/contract'
import type { Context } from 'koa'
import { z } from 'zod'
import { recordAudit } from '../audit.ts'
import type { Identity, VerifyToken } from '../auth.ts'
import type { Database } from '../database.ts'
import { readJson, refuseEncoding } from './body.ts'
import { parseInput } from './errors.ts'
import {
  type Actor,
  type BytesAnswer,
  type Handlers,
  type ProjectScope,
  type RequestHeaders,
  SCOPE_PARAMETER,
  type ScopeResolvers,
} from './handler.ts'
import type { KnownAccess } from './known-access.ts'

export interface RouterOptions {
  readonly handlers: Handlers
  readonly db: Database
  readonly verifyToken: VerifyToken
  readonly scopes: ScopeResolvers
  /** Finds or makes the person of a verified identity. */
  readonly personOf: (identity: Identity) => Promise<Actor>
  /** Where granted access is remembered for a moment; absent: nowhere. */
  readonly knownAccess?: KnownAccess
  readonly rolesOf: (
    personId: string,
    projectId: string,
  ) => Promise<{ key: string; roles: readonly Role[] } | undefined>
}

/** Routes of pixels: access to their project is remembered for the short way (KnownAccess). */
const PIXEL_OPERATIONS: ReadonlySet<string> = new Set(['retrieveFrames', 'retrieveInstance'])
/** Asked for each file or series: what access was granted is remembered for them. */
const FREQUENT_OPERATIONS: ReadonlySet<string> = new Set([
  'storeInstancesInProject',
  'storeInstancesOfStudyInProject',
  'retrieveSeriesMetadata',
  'retrieveSeriesMetadataInProject',
])

type Params = Readonly<Record<string, string>>
type AnyHandler = (request: unknown) => Promise<unknown>

export function createRouter(options: RouterOptions): Router {
  const router = new Router()
  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    // The handler's type follows from its own operation; the loop cannot see which one it is.
    const handle = options.handlers[id] as AnyHandler
    const method = operation.method.toLowerCase() as Lowercase<Operation['method']>
    router[method](operation.path, (context: Context) => serve(id, operation, handle, context))
  }
  return router

  async function serve(
    id: OperationId,
    operation: Operation,
    handle: AnyHandler,
    context: Context,
  ): Promise<void> {
    context.state['operation'] = id
    const authorization = context.get('authorization')
    const moment = options.knownAccess?.moment() ?? 0
    const name = nameOfAccess(id, operation, context['params'] as Params)
    const known = name === undefined ? undefined : options.knownAccess?.find(name, authorization)
    const isPublic = operation.access.kind === 'public'
    const actor = known?.actor ?? (isPublic ? undefined : await authenticate(context))
    const params: unknown = parseInput(operation.params, context['params'], 'params')
    const project = known?.project ?? (await authorize(operation, actor, params as Params))
    const to = PIXEL_OPERATIONS.has(id) ? project?.id : name
    if (known === undefined && actor !== undefined && project !== undefined && to !== undefined) {
      options.knownAccess?.remember(to, authorization, { actor, project }, moment)
    }
    const query = parseInput(operation.query, { ...context.query }, 'query')
    const body = await readBody(operation, context)
    const signal = new AbortController()
    context.res.once('close', () => {
      signal.abort()
    })
    const output = await handle({
      params,
      query,
      body,
      actor,
      project,
      headers: headersOf(context),
      signal: signal.signal,
    })
    if (operation.audit === 'read' && actor !== undefined) {
      await recordAudit(options.db, {
        actorId: actor.id,
        projectId: project?.id ?? null,
        action: id,
        objectKind: operation.access.kind === 'project' ? operation.access.scope : operation.tag,
        objectId: objectIdOf(operation, params as Params),
      })
    }
    answer(operation, context, output)
  }

  /** What the access of this very request is remembered as; undefined: it is not. */
  function nameOfAccess(id: OperationId, operation: Operation, params: Params): string | undefined {
    const { access } = operation
    if (access.kind !== 'project' || !FREQUENT_OPERATIONS.has(id)) return undefined
    return `${id} ${params[SCOPE_PARAMETER[access.scope]] ?? ''}`
  }

  async function authenticate(context: Context): Promise<Actor> {
    const [, token] = /^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(context.get('authorization')) ?? []
    if (token === undefined) throw new PandokError('NOT_SIGNED_IN')
    return await options.personOf(await options.verifyToken(token))
  }

  async function authorize(
    operation: Operation,
    actor: Actor | undefined,
    params: Params,
  ): Promise<ProjectScope | undefined> {
    const { access } = operation
    if (access.kind === 'admin' && actor?.isAdmin !== true) throw new PandokError('FORBIDDEN')
    if (access.kind !== 'project' || actor === undefined) return undefined
    const scope = await options.scopes[access.scope](
      params[SCOPE_PARAMETER[access.scope]] ?? '',
      actor.id,
    )
    if (scope === undefined) throw new PandokError('NOT_FOUND')
    const membership = await options.rolesOf(actor.id, scope.projectId)
    const asAdmin = access.admin === true && actor.isAdmin
    // To somebody outside, a project is the same as no project.
    if (membership === undefined || (membership.roles.length === 0 && !asAdmin)) {
      throw new PandokError('NOT_FOUND')
    }
    const { roles } = membership
    const needed = access.roles
    if (!asAdmin && needed !== 'any' && !roles.some((role) => needed.includes(role))) {
      throw new PandokError('FORBIDDEN')
    }
    return { id: scope.projectId, key: membership.key, roles }
  }
}

async function readBody(operation: Operation, context: Context): Promise<unknown> {
  const { body } = operation
  if (body === undefined) return undefined
  if (!('kind' in body)) return parseInput(body, await readJson(context.req), 'body')
  refuseEncoding(context.req)
  const type = (context.get('content-type').split(';')[0] ?? '').trim().toLowerCase()
  if (type !== body.mediaType) throw new PandokError('UNSUPPORTED_MEDIA_TYPE')
  return context.req
}

function headersOf(context: Context): RequestHeaders {
  const { headers } = context.req
  return {
    address: context.ip,
    // Not Koa's `origin`, which is the header of that name.
    origin: `${context.protocol}://${context.host}`,
    isHead: context.method === 'HEAD',
    accept: headers.accept,
    acceptEncoding: context.get('accept-encoding'),
    contentType: headers['content-type'],
    contentLength:
      headers['content-length'] === undefined ? undefined : Number(headers['content-length']),
    ifNoneMatch: headers['if-none-match'],
    ifRange: context.get('if-range') || undefined,
    range: headers.range,
  }
}

function objectIdOf(operation: Operation, params: Params): string {
  if (operation.access.kind !== 'project') return ''
  return params[SCOPE_PARAMETER[operation.access.scope]] ?? ''
}

function answer(operation: Operation, context: Context, output: unknown): void {
  if (operation.output instanceof z.ZodType) {
    context.type = 'application/json'
    context.set('cache-control', 'no-store')
    context.body = JSON.stringify(operation.output.parse(output))
    return
  }
  // Handlers of byte operations give BytesAnswer by their type.
  const bytes = output as BytesAnswer
  context.status = bytes.status ?? 200
  context.body = bytes.body
  // After the body, of which Koa tells the length: an answer to HEAD has that of what it leaves out.
  context.set({ ...bytes.headers })
  context.type = bytes.type
  if (bytes.body instanceof Readable) {
    bytes.body.once('error', () => context.res.destroy())
  }
}
