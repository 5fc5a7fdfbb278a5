/**
 * What an operation of the API is: data. The router, the typed client, the OpenAPI document and
 * the audit entry all derive from it (STYLE: "the contract is data").
 */
import type { z } from 'zod'
import type { ErrorCode } from './errors.ts'
import type { Role } from './primitives.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Which path parameter leads to the project whose membership decides. */
export type Scope = 'project' | 'upload' | 'case' | 'task' | 'cohort' | 'release' | 'study' | 'job'

/**
 * Who may call. `project`: a member of the project holding one of the roles. What somebody may
 * not see answers NOT_FOUND, like what does not exist; a member without the role gets FORBIDDEN.
 */
export type Access =
  | { readonly kind: 'public' }
  | { readonly kind: 'signed-in' }
  | { readonly kind: 'admin' }
  | {
      readonly kind: 'project'
      readonly scope: Scope
      readonly roles: readonly Role[] | 'any'
      /** Administrators of the installation may too (people and projects, never images). */
      readonly admin?: boolean
    }

/** `bytes`: an opaque body or answer with the media type named. */
export interface Bytes {
  readonly kind: 'bytes'
  readonly mediaType: string
}
export const bytes = (mediaType: string): Bytes => ({ kind: 'bytes', mediaType })

export interface Operation<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType | Bytes | undefined = z.ZodType | Bytes | undefined,
  Output extends z.ZodType | Bytes = z.ZodType | Bytes,
  Who extends Access = Access,
> {
  readonly method: Method
  /** With `:name` parameters, all of them in `params`. */
  readonly path: string
  readonly summary: string
  readonly tag: string
  readonly access: Who
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly output: Output
  readonly errors: readonly ErrorCode[]
  /** Writes are always audited, by the service, in their transaction; reads where this says so. */
  readonly audit: 'service' | 'read' | 'none'
}

export type InputOf<O extends Operation> = {
  params: z.input<O['params']>
  query?: z.input<O['query']>
} & (O['body'] extends z.ZodType
  ? { body: z.input<O['body']> }
  : O['body'] extends Bytes
    ? { body: BodyInit }
    : { body?: undefined })

export type OutputOf<O extends Operation> = O['output'] extends z.ZodType
  ? z.output<O['output']>
  : Blob

/** Keeps the literal types of an operation while checking its shape. */
export function operation<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType | Bytes | undefined,
  Output extends z.ZodType | Bytes,
  const Who extends Access,
>(
  definition: Operation<Params, Query, Body, Output, Who>,
): Operation<Params, Query, Body, Output, Who> {
  return definition
}
