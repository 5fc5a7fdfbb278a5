/** Turns whatever was thrown into a problem document (RFC 9457), without a value of the input. */
import { ERRORS, type Issue, PandokError, type Problem } from '@pandok/contract'
import type { z } from 'zod'
import { isUnavailable } from '../database.ts'

export function toPandokError(error: unknown): PandokError {
  if (error instanceof PandokError) return error
  if (isUnavailable(error)) return new PandokError('DATABASE_UNAVAILABLE')
  return new PandokError('INTERNAL')
}

export function toProblem(error: PandokError, traceId: string): Problem {
  const [status, title] = ERRORS[error.code]
  return {
    type: `urn:pandok:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    code: error.code,
    traceId,
    ...(error.message === title ? {} : { detail: error.message }),
    ...(error.issues.length === 0 ? {} : { issues: [...error.issues] }),
  }
}

/** All issues of a schema, as INPUT_INVALID. Zod's messages name types and limits, not values. */
export function parseInput<S extends z.ZodType>(
  schema: S,
  input: unknown,
  where: string,
): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issues: Issue[] = result.error.issues.slice(0, 100).map((issue) => ({
    path: [where, ...issue.path.map(String)].join('.'),
    code: issue.code,
    message: issue.message,
    severity: 'error',
  }))
  throw new PandokError('INPUT_INVALID', undefined, { issues })
}
