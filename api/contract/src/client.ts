/**
 * The typed client that derives from the operations. One function per operation; a failure is a
 * PandokError with the server's code and all its issues.
 */
import type { z } from 'zod'
import { PandokError, Problem } from './errors.ts'
import type { Bytes, InputOf, Operation, OutputOf } from './operation.ts'
import { type OperationId, type Operations, operations } from './operations.ts'

export interface ClientOptions {
  /** Such as http://127.0.0.1:8042, or '' for the page's own origin. */
  readonly baseUrl: string
  /** undefined before sign-in. */
  readonly getToken: () => Promise<string | undefined>
  readonly fetch?: typeof fetch
}

export type Client = {
  readonly [Id in OperationId]: (
    input: InputOf<Operations[Id]>,
    options?: { signal?: AbortSignal },
  ) => Promise<OutputOf<Operations[Id]>>
}

export function createClient(options: ClientOptions): Client {
  const entries = Object.entries(operations).map(([id, operation]) => [
    id,
    (input: CallInput, call?: { signal?: AbortSignal }) =>
      send(options, operation, input, call?.signal),
  ])
  return Object.fromEntries(entries) as Client
}

interface CallInput {
  readonly params: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly body?: unknown
}

/** The address of an operation with its parameters filled in. */
export function addressOf(operation: Operation, input: CallInput): string {
  const path = operation.path.replace(/:(\w+)/g, (_match, name: string) =>
    encodeURIComponent(String(input.params[name])),
  )
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.set(name, `${value as string | number | boolean}`)
  }
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

async function send(
  options: ClientOptions,
  operation: Operation,
  input: CallInput,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const headers = new Headers()
  const token = operation.access.kind === 'public' ? undefined : await options.getToken()
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  let body: BodyInit | null = null
  if (operation.body !== undefined) {
    if (isBytes(operation.body)) {
      headers.set('content-type', operation.body.mediaType)
      body = input.body as BodyInit
    } else {
      headers.set('content-type', 'application/json')
      body = JSON.stringify(input.body ?? {})
    }
  }
  const request: RequestInit = { method: operation.method, headers, body }
  if (signal !== undefined) request.signal = signal
  const answer = await (options.fetch ?? fetch)(
    options.baseUrl + addressOf(operation, input),
    request,
  )
  if (!answer.ok) throw await problemOf(answer)
  if (isBytes(operation.output)) return await answer.blob()
  return operation.output.parse(await answer.json())
}

async function problemOf(answer: Response): Promise<PandokError> {
  const parsed = Problem.safeParse(await answer.json().catch(() => undefined))
  if (!parsed.success) {
    return new PandokError('INTERNAL', `the server answered ${answer.status} without a problem`)
  }
  const { code, detail, issues } = parsed.data
  return new PandokError(code, detail, { issues: issues ?? [] })
}

function isBytes(value: z.ZodType | Bytes): value is Bytes {
  return 'kind' in value
}
