/** The outcome form: which fields, of what kind, and what a draft amounts to. Pure. */
import {
  DEATH_CAUSES,
  M_CATEGORIES,
  N_CATEGORIES,
  OutcomeValues,
  T_CATEGORIES,
  VITAL_STATUSES,
} from '@pandok/contract'

export type FieldName = keyof OutcomeValues
/** What the inputs hold: text, and a list for the treatments. */
export type Draft = Partial<Record<Exclude<FieldName, 'treatments'>, string>> & {
  treatments: OutcomeValues['treatments']
}

export type FieldKind =
  | { readonly kind: 'choice'; readonly options: readonly string[]; readonly isTranslated: boolean }
  | { readonly kind: 'number' }
  | { readonly kind: 'date' }

export const FIELDS: readonly (readonly [
  Exclude<FieldName, 'treatments' | 'histology'>,
  FieldKind,
])[] = [
  ['sex', { kind: 'choice', options: ['M', 'F', 'U'], isTranslated: true }],
  ['ageAtDiagnosis', { kind: 'number' }],
  ['diagnosisDate', { kind: 'date' }],
  ['tnmEdition', { kind: 'choice', options: ['8', '9'], isTranslated: false }],
  ['clinicalT', { kind: 'choice', options: T_CATEGORIES, isTranslated: false }],
  ['clinicalN', { kind: 'choice', options: N_CATEGORIES, isTranslated: false }],
  ['clinicalM', { kind: 'choice', options: M_CATEGORIES, isTranslated: false }],
  ['surgeryDate', { kind: 'date' }],
  ['radiotherapyStartDate', { kind: 'date' }],
  ['systemicStartDate', { kind: 'date' }],
  ['recurrenceDate', { kind: 'date' }],
  ['lastContactDate', { kind: 'date' }],
  ['vitalStatus', { kind: 'choice', options: VITAL_STATUSES, isTranslated: true }],
  ['deathDate', { kind: 'date' }],
  ['deathCause', { kind: 'choice', options: DEATH_CAUSES, isTranslated: true }],
]

const NULLABLE: readonly FieldName[] = [
  'surgeryDate',
  'radiotherapyStartDate',
  'systemicStartDate',
  'recurrenceDate',
  'deathDate',
  'deathCause',
]

export function draftOf(values: OutcomeValues | null): Draft {
  if (values === null) return { treatments: [] }
  const { treatments, ...rest } = values
  const texts = Object.entries(rest).map(([field, value]) => [
    field,
    value === null ? '' : String(value),
  ])
  return { ...(Object.fromEntries(texts) as Record<string, string>), treatments }
}

/** What of the draft is valid by itself; fields that are empty or half typed are left out. */
export function partialOf(draft: Draft): Partial<OutcomeValues> {
  const kept = Object.entries(rawOf(draft)).filter(([field, value]) => {
    const shape = OutcomeValues.shape[field as FieldName]
    return value !== undefined && shape.safeParse(value).success
  })
  return Object.fromEntries(kept)
}

/** The whole form, or the fields that are missing or wrong. */
export function completeOf(
  draft: Draft,
): { values: OutcomeValues } | { missing: readonly string[] } {
  const result = OutcomeValues.safeParse(rawOf(draft))
  if (result.success) return { values: result.data }
  return { missing: [...new Set(result.error.issues.map((issue) => String(issue.path[0])))] }
}

function rawOf(draft: Draft): Record<string, unknown> {
  const raw: Record<string, unknown> = { treatments: draft.treatments }
  for (const field of Object.keys(OutcomeValues.shape) as FieldName[]) {
    if (field === 'treatments') continue
    const text = draft[field] ?? ''
    if (text !== '') raw[field] = field === 'ageAtDiagnosis' ? Number(text) : text
    else if (NULLABLE.includes(field)) raw[field] = null
  }
  return raw
}
