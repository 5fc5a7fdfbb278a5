/**
 * The words the contract is made of: ids, UIDs, dates, roles. Parsed at the edge, trusted inside.
 */
import { z } from 'zod'

/** DICOM UID (PS3.5 section 9): digits and dots, no leading zero in a component, at most 64. */
export const Uid = z
  .string()
  .max(64)
  .regex(/^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/, 'must be a DICOM UID')
export const Id = z.uuid()
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hex')
export const ProjectKey = z.string().regex(/^[a-z0-9][a-z0-9-]{1,39}$/)
export const Username = z.string().regex(/^[a-z0-9._@-]{1,80}$/i)
/** Calendar date, ISO 8601: 2026-11-22. */
export const IsoDate = z.iso.date()
export const IsoDateTime = z.iso.datetime({ offset: true })
/** Millimetres in the patient coordinate system, LPS (PS3.3 C.7.6.2). */
export const PointMm = z.tuple([z.number(), z.number(), z.number()])

export const ROLES = [
  'data-manager',
  'labeler',
  'reviewer',
  'second-reviewer',
  'manager',
  'researcher',
  'auditor',
] as const
export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

/** Content item of PS3.3 table 8.8-1. */
export const CodedConcept = z.object({
  codeValue: z.string(),
  codingSchemeDesignator: z.string(),
  codeMeaning: z.string(),
})
export type CodedConcept = z.infer<typeof CodedConcept>
export const CountByName = z.record(z.string(), z.number().int())
