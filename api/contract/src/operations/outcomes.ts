/**
 * What became of the patient. A data manager types calendar dates as they are in the chart; the
 * server shifts them by the subject's offset before anything is stored, and only shifted dates are
 * ever read by others.
 */
import { z } from 'zod'
import { Issue } from '../errors.ts'
import { operation } from '../operation.ts'
import { Id, IsoDate, IsoDateTime } from '../primitives.ts'
import { Person } from './people.ts'

const none = z.object({})
const kase = z.object({ caseId: Id })

export const T_CATEGORIES = [
  'TX',
  'T0',
  'Tis',
  'T1mi',
  'T1a',
  'T1b',
  'T1c',
  'T2a',
  'T2b',
  'T3',
  'T4',
] as const
export const N_CATEGORIES = ['NX', 'N0', 'N1', 'N2', 'N2a', 'N2b', 'N3'] as const
export const M_CATEGORIES = ['M0', 'M1a', 'M1b', 'M1c', 'M1c1', 'M1c2'] as const
export const STAGE_GROUPS = [
  'Occult',
  '0',
  'IA1',
  'IA2',
  'IA3',
  'IB',
  'IIA',
  'IIB',
  'IIIA',
  'IIIB',
  'IIIC',
  'IVA',
  'IVB',
] as const
export const StageGroup = z.enum(STAGE_GROUPS)
export type StageGroup = z.infer<typeof StageGroup>

export const TREATMENTS = ['none', 'surgery', 'radiotherapy', 'systemic'] as const
export const VITAL_STATUSES = ['alive', 'dead', 'unknown'] as const
export const DEATH_CAUSES = [
  'lung-cancer',
  'treatment-related',
  'other-cancer',
  'other',
  'unknown',
] as const

export const OutcomeValues = z.object({
  sex: z.enum(['M', 'F', 'U']),
  /** Years at diagnosis; released as 90 from 90 on. */
  ageAtDiagnosis: z.number().int().min(0).max(120),
  /** ICD-O-3 morphology, such as 8140/3. */
  histology: z.string().regex(/^\d{4}\/\d$/),
  tnmEdition: z.enum(['8', '9']),
  clinicalT: z.enum(T_CATEGORIES),
  clinicalN: z.enum(N_CATEGORIES),
  clinicalM: z.enum(M_CATEGORIES),
  treatments: z.array(z.enum(TREATMENTS)).min(1),
  diagnosisDate: IsoDate,
  surgeryDate: IsoDate.nullable().default(null),
  radiotherapyStartDate: IsoDate.nullable().default(null),
  systemicStartDate: IsoDate.nullable().default(null),
  recurrenceDate: IsoDate.nullable().default(null),
  lastContactDate: IsoDate,
  vitalStatus: z.enum(VITAL_STATUSES),
  deathDate: IsoDate.nullable().default(null),
  deathCause: z.enum(DEATH_CAUSES).nullable().default(null),
})
export type OutcomeValues = z.infer<typeof OutcomeValues>

export const OutcomeCheck = z.object({
  /** null when the categories do not make a stage group. */
  stageGroup: StageGroup.nullable(),
  issues: z.array(Issue),
})
export type OutcomeCheck = z.infer<typeof OutcomeCheck>

export const Outcome = z.object({
  caseId: Id,
  pseudonym: z.string(),
  revision: z.number().int().nonnegative(),
  /** null before the first entry. */
  values: OutcomeValues.nullable(),
  stageGroup: StageGroup.nullable(),
  dates: z.enum(['shifted', 'original']),
  author: Person.nullable(),
  updatedAt: IsoDateTime.nullable(),
})
export type Outcome = z.infer<typeof Outcome>

export const Histology = z.object({
  code: z.string(),
  en: z.string(),
  ko: z.string(),
})

export const listHistologies = operation({
  method: 'GET',
  path: '/api/histologies',
  summary: 'ICD-O-3 morphologies the form offers',
  tag: 'outcomes',
  access: { kind: 'signed-in' },
  params: none,
  query: none,
  body: undefined,
  output: z.object({ items: z.array(Histology) }),
  errors: [],
  audit: 'none',
})

export const getOutcome = operation({
  method: 'GET',
  path: '/api/cases/:caseId/outcome',
  summary: 'The outcome with shifted dates',
  tag: 'outcomes',
  access: {
    kind: 'project',
    scope: 'case',
    roles: ['data-manager', 'manager', 'researcher', 'auditor'],
  },
  params: kase,
  query: none,
  body: undefined,
  output: Outcome,
  errors: [],
  audit: 'none',
})

export const getOutcomeEntry = operation({
  method: 'GET',
  path: '/api/cases/:caseId/outcome/entry',
  summary: 'The outcome as typed, with original dates, to correct it',
  tag: 'outcomes',
  access: { kind: 'project', scope: 'case', roles: ['data-manager'] },
  params: kase,
  query: none,
  body: undefined,
  output: Outcome,
  errors: [],
  audit: 'read',
})

export const checkOutcome = operation({
  method: 'POST',
  path: '/api/cases/:caseId/outcome/check',
  summary: 'The stage group of a draft, and every rule it breaks; stores nothing',
  tag: 'outcomes',
  access: { kind: 'project', scope: 'case', roles: ['data-manager'] },
  params: kase,
  query: none,
  body: z.object({ values: OutcomeValues.partial() }),
  output: OutcomeCheck,
  errors: [],
  audit: 'none',
})

export const putOutcome = operation({
  method: 'PUT',
  path: '/api/cases/:caseId/outcome',
  summary: 'Save the outcome; dates are calendar dates as typed, stored shifted',
  tag: 'outcomes',
  access: { kind: 'project', scope: 'case', roles: ['data-manager'] },
  params: kase,
  query: none,
  body: z.object({ baseRevision: z.number().int().nonnegative(), values: OutcomeValues }),
  output: Outcome,
  errors: ['OUTCOME_INVALID', 'REVISION_STALE'],
  audit: 'service',
})
