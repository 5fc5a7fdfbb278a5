/**
 * Every error a client can receive: a stable code, its HTTP status and its meaning. The body is a
 * problem document (RFC 9457); `issues` lists all that is wrong with the input, not just the first.
 */
import { z } from 'zod'

export const ERRORS = {
  INPUT_INVALID: [400, 'The request does not fit the operation'],
  NOT_SIGNED_IN: [401, 'Sign in first'],
  TOKEN_INVALID: [401, 'The access token is not valid here'],
  FORBIDDEN: [403, 'Your roles do not allow this'],
  NOT_FOUND: [404, 'There is no such thing, or not for you'],
  METHOD_NOT_ALLOWED: [405, 'This address does not know that method'],
  CONFLICT: [409, 'Something else happened first'],
  UPLOAD_CLOSED: [409, 'The upload no longer takes files'],
  UPLOAD_OFFSET_WRONG: [409, 'The part does not begin where the file ends; ask for its offset'],
  UPLOAD_INCOMPLETE: [409, 'Files named at the end have not been received'],
  UPLOAD_NOT_AWAITING_QC: [409, 'The upload is not waiting for QC'],
  UPLOAD_NOTHING_CLEAN: [409, 'No file of the upload is clean'],
  UPLOAD_PIXELS_UNDECIDED: [409, 'Text was found in pixels, and nobody has decided about it'],
  UPLOAD_SERIES_UNSEEN: [409, 'A person has to look at series that nobody has opened'],
  UPLOAD_FRAMES_UNSEEN: [409, 'Frames that have to be seen were not on the screen'],
  UPLOAD_CONFLICTS_UNDECIDED: [
    409,
    'Files contradict archived ones, and nobody has decided about it',
  ],
  PEER_FAILED: [502, 'The other server did not give what was asked for'],
  PROJECT_NOT_NAMED: [400, 'Name the project: /dicomweb/projects/KEY/studies'],
  PROFILE_INVALID: [422, 'The profile cannot be used'],
  DEIDENTIFICATION_CHANGED: [409, 'The profile or key of the project has changed; read them again'],
  KEY_ROTATED: [409, 'The key has been replaced already'],
  COPY_DESTROYED: [409, 'The destruction of this copy is recorded already'],
  TASK_NOT_ASSIGNED_TO_YOU: [409, 'The task is not assigned to you now'],
  TASK_WRONG_STATUS: [409, 'The task is not in a state that allows this'],
  SEGMENTATION_EMPTY: [409, 'Nothing is segmented yet'],
  REVISION_STALE: [412, 'A newer revision exists; read it and try again'],
  REVIEW_REASON_MISSING: [400, 'Returning needs a reason and a comment'],
  OUTCOME_INVALID: [422, 'The outcome breaks a data-quality rule'],
  COHORT_FROZEN: [409, 'The cohort is frozen'],
  COHORT_NOT_FROZEN: [409, 'Freeze the cohort first'],
  COHORT_EMPTY: [409, 'The cohort has no members'],
  RELEASE_NOT_READY: [409, 'The release is not built yet'],
  PROJECT_EXISTS: [409, 'A project has this key already'],
  JOB_FINISHED: [409, 'The job has ended already'],
  JOB_NOT_RETRYABLE: [409, 'The job cannot be started again: what it needs is gone'],
  HASH_MISMATCH: [400, 'The bytes received do not have the declared SHA-256'],
  TOO_LARGE: [413, 'The body is larger than allowed'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body is not of a type this operation takes'],
  NOT_ACCEPTABLE: [406, 'None of the representations asked for can be given'],
  RANGE_NOT_SATISFIABLE: [416, 'The range lies outside'],
  STORAGE_FULL: [507, 'There is not enough free space'],
  STORAGE_UNAVAILABLE: [503, 'The store of files failed or does not answer; try again'],
  IDENTITY_UNAVAILABLE: [503, 'The identity provider does not answer; try again'],
  DATABASE_UNAVAILABLE: [503, 'The database does not answer; try again'],
  INTERNAL: [500, 'Something failed here; the trace id finds it in the log'],
} as const satisfies Record<string, readonly [number, string]>

export type ErrorCode = keyof typeof ERRORS
export const ErrorCode = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]])

export const Issue = z.object({
  /** Where: a path in the input, such as `values.deathDate`. */
  path: z.string(),
  /** A stable code such as DQ03 or `invalid_type`. */
  code: z.string(),
  message: z.string(),
  severity: z.enum(['error', 'warning']).default('error'),
  /** In a text such as a profile, counted from 1. */
  line: z.number().int().positive().optional(),
})
export type Issue = z.infer<typeof Issue>

export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: ErrorCode,
  detail: z.string().optional(),
  traceId: z.string().optional(),
  issues: z.array(Issue).optional(),
})
export type Problem = z.infer<typeof Problem>

/** Thrown by services and by the client alike; messages never hold a value from a patient. */
export class PandokError extends Error {
  override readonly name = 'PandokError'
  readonly code: ErrorCode
  readonly issues: readonly Issue[]
  constructor(
    code: ErrorCode,
    detail?: string,
    options: { issues?: readonly Issue[]; cause?: unknown } = {},
  ) {
    super(detail ?? ERRORS[code][1], { cause: options.cause })
    this.code = code
    this.issues = options.issues ?? []
  }
  get status(): number {
    return ERRORS[this.code][0]
  }
}
