/** Who did what, when, on what. */
import { z } from 'zod'
import { operation } from '../operation.ts'
import { IsoDateTime, ProjectKey } from '../primitives.ts'
import { Person } from './people.ts'

export const AuditEvent = z.object({
  /** Position in the trail: rises, never reused. A string, for it may pass 2^53. */
  sequence: z.string(),
  at: IsoDateTime,
  actor: Person.nullable(),
  /** The operation, or a step of the machine such as `job:release.build`. */
  action: z.string(),
  objectKind: z.string(),
  objectId: z.string(),
  /** Ids, codes and counts: never a value of a patient. */
  details: z.record(z.string(), z.unknown()),
})
export type AuditEvent = z.infer<typeof AuditEvent>

export const listAudit = operation({
  method: 'GET',
  path: '/api/projects/:projectKey/audit',
  summary: 'The audit trail of the project, newest first',
  tag: 'audit',
  access: { kind: 'project', scope: 'project', roles: ['auditor'] },
  params: z.object({ projectKey: ProjectKey }),
  query: z.object({
    before: z
      .string()
      .regex(/^\d{1,18}$/)
      .optional(),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    action: z.string().max(80).optional(),
    actor: z.string().max(80).optional(),
    objectId: z.string().max(80).optional(),
  }),
  body: undefined,
  output: z.object({ items: z.array(AuditEvent), nextBefore: z.string().nullable() }),
  errors: [],
  audit: 'read',
})
