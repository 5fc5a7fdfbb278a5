/** The OpenAPI 3.1 document, derived from the operations. */
import { z } from 'zod'
import { ERRORS, type ErrorCode, Problem } from './errors.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'

/** Codes any operation behind sign-in may answer. */
const COMMON: readonly ErrorCode[] = ['INPUT_INVALID', 'NOT_SIGNED_IN', 'FORBIDDEN', 'NOT_FOUND']

export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [id, operation] of Object.entries(operations)) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(id, operation) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Pandok', version, license: { name: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { Problem: z.toJSONSchema(Problem, { io: 'output', unrepresentable: 'any' }) },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

function describe(id: string, operation: Operation): Record<string, unknown> {
  const isPublic = operation.access.kind === 'public'
  return {
    operationId: id,
    summary: operation.summary,
    tags: [operation.tag],
    security: isPublic ? [] : [{ bearer: [] }],
    'x-access': operation.access,
    parameters: [...parameters('path', operation.params), ...parameters('query', operation.query)],
    ...(operation.body === undefined
      ? {}
      : { requestBody: { required: true, content: content(operation.body, 'input') } }),
    responses: {
      200: { description: 'Done', content: content(operation.output, 'output') },
      ...failures([...(isPublic ? [] : COMMON), ...operation.errors]),
    },
  }
}

function parameters(place: 'path' | 'query', schema: z.ZodObject): unknown[] {
  return Object.entries(schema.shape).map(([name, value]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: z.toJSONSchema(value as z.ZodType, { io: 'input', unrepresentable: 'any' }),
  }))
}

function content(value: NonNullable<Operation['body']>, io: 'input' | 'output'): object {
  if ('kind' in value) {
    return { [value.mediaType]: { schema: { type: 'string', format: 'binary' } } }
  }
  return { 'application/json': { schema: z.toJSONSchema(value, { io, unrepresentable: 'any' }) } }
}

function failures(codes: readonly ErrorCode[]): Record<string, unknown> {
  const byStatus: Record<string, unknown> = {}
  for (const status of new Set(codes.map((code) => ERRORS[code][0]))) {
    const here = codes.filter((code) => ERRORS[code][0] === status)
    byStatus[status] = {
      description: here.join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }
  }
  return byStatus
}
