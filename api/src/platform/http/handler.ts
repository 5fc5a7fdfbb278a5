/**
 * What a feature gives the router: one handler per operation, under ten lines, calling one service.
 */
import type { Readable } from 'node:stream'
import type { Bytes, Operation, OperationId, Operations, Role, Scope } from '@pandok/contract'
import type { z } from 'zod'

/** Who asks. `id` is our person id, never the provider's subject. */
export interface Actor {
  readonly id: string
  readonly username: string
  readonly displayName: string
  readonly isAdmin: boolean
}

/** The project an operation's scope led to, and what the actor may do in it. */
export interface ProjectScope {
  readonly id: string
  readonly key: string
  readonly roles: readonly Role[]
}

/** An opaque answer. */
export interface BytesAnswer {
  readonly type: string
  readonly body: Buffer | Readable | string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Request headers DICOMweb negotiates by, and the network address that the request came from. */
export interface RequestHeaders {
  readonly address: string
  /** Of the address that the client asked, such as http://127.0.0.1:8042. */
  readonly origin: string
  readonly isHead: boolean
  readonly accept: string | undefined
  readonly acceptEncoding: string | undefined
  readonly contentType: string | undefined
  readonly contentLength: number | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifRange: string | undefined
  readonly range: string | undefined
}

interface RequestOf<O extends Operation> {
  readonly params: z.output<O['params']>
  readonly query: z.output<O['query']>
  readonly body: O['body'] extends z.ZodType
    ? z.output<O['body']>
    : O['body'] extends Bytes
      ? Readable
      : undefined
  readonly actor: O['access'] extends { kind: 'public' } ? undefined : Actor
  readonly project: O['access'] extends { kind: 'project' } ? ProjectScope : undefined
  readonly headers: RequestHeaders
  /** Fires when the client has gone away. */
  readonly signal: AbortSignal
}

export type Handlers = {
  readonly [Id in OperationId]: (
    request: RequestOf<Operations[Id]>,
  ) => Promise<
    Operations[Id]['output'] extends z.ZodType ? z.input<Operations[Id]['output']> : BytesAnswer
  >
}

/**
 * Leads from a path parameter to the project that decides; undefined when there is no such thing. Where
 * several projects have what it names, to one that the person is in.
 */
export type ScopeResolvers = Readonly<
  Record<Scope, (id: string, personId: string) => Promise<{ projectId: string } | undefined>>
>

/** The path parameter each scope reads. */
export const SCOPE_PARAMETER: Readonly<Record<Scope, string>> = {
  project: 'projectKey',
  upload: 'uploadId',
  case: 'caseId',
  task: 'taskId',
  cohort: 'cohortId',
  release: 'releaseId',
  study: 'study',
  job: 'jobId',
}
