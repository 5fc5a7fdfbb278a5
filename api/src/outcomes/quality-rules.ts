/**
 * Data-quality rules of the outcome form. Pure: a draft in, all it breaks out. Rules that need a
 * value that is not there yet stay silent. Messages are English; the pages translate by code.
 */
import type { Issue, OutcomeValues } from '@pandok/contract'
import { isKnownHistology } from './histologies.ts'
import { isOfEdition, stageGroup } from './tnm.ts'

export type Draft = { readonly [Field in keyof OutcomeValues]?: OutcomeValues[Field] | undefined }

/** Nobody treated today was diagnosed before it: a slip of the century. */
const FIRST_DAY = '1900-01-01'
/** Diagnostic surgery may come this long before the diagnosis it gave. */
const DIAGNOSIS_LEAD_DAYS = 30

type Rule = (draft: Draft, today: string) => Issue | readonly Issue[] | undefined

/** `today` is an ISO date: the day of entry, passed in. */
export function checkQuality(draft: Draft, today: string): Issue[] {
  return RULES.flatMap((rule) => rule(draft, today) ?? [])
}

const error = (code: string, field: keyof OutcomeValues, message: string): Issue => ({
  path: `values.${field}`,
  code,
  message,
  severity: 'error',
})

const DATES = [
  'diagnosisDate',
  'surgeryDate',
  'radiotherapyStartDate',
  'systemicStartDate',
  'recurrenceDate',
  'lastContactDate',
  'deathDate',
] as const
const TREATMENT_DATES = [
  ['surgery', 'surgeryDate'],
  ['radiotherapy', 'radiotherapyStartDate'],
  ['systemic', 'systemicStartDate'],
] as const

/** ISO dates compare as text. */
const isAfter = (a: string | null | undefined, b: string | null | undefined): boolean =>
  a !== null && a !== undefined && b !== null && b !== undefined && a > b

const RULES: readonly Rule[] = [
  (draft, today) =>
    DATES.filter((field) => isAfter(draft[field], today)).map((field) =>
      error('DQ02', field, 'The date lies in the future'),
    ),
  (draft) =>
    DATES.filter((field) => isAfter(FIRST_DAY, draft[field])).map((field) =>
      error('DQ02P', field, 'The date lies before 1900'),
    ),
  ({ diagnosisDate, deathDate }) =>
    isAfter(diagnosisDate, deathDate)
      ? error('DQ03', 'deathDate', 'Death comes before the diagnosis')
      : undefined,
  ({ lastContactDate, deathDate }) =>
    isAfter(lastContactDate, deathDate)
      ? error('DQ04', 'lastContactDate', 'The last contact comes after death')
      : undefined,
  ({ vitalStatus, deathDate }) => {
    if (vitalStatus === undefined || deathDate === undefined) return undefined
    if (vitalStatus === 'dead' && deathDate === null) {
      return error('DQ05', 'deathDate', 'A dead patient needs a date of death')
    }
    if (vitalStatus !== 'dead' && deathDate !== null) {
      return error('DQ05', 'deathDate', 'A date of death needs the vital status dead')
    }
    return undefined
  },
  ({ vitalStatus, deathCause }) => {
    if (vitalStatus === undefined || deathCause === undefined) return undefined
    if (vitalStatus !== 'dead' && deathCause !== null) {
      return error('DQ06', 'deathCause', 'A cause of death needs the vital status dead')
    }
    if (vitalStatus === 'dead' && deathCause === null) {
      return error('DQ06', 'deathCause', 'Give the cause of death, or unknown')
    }
    return undefined
  },
  (draft) =>
    TREATMENT_DATES.filter(([, field]) => {
      const date = draft[field]
      if (typeof date !== 'string' || draft.diagnosisDate === undefined) return false
      return daysBetween(date, draft.diagnosisDate) > DIAGNOSIS_LEAD_DAYS
    }).map(([, field]) =>
      error('DQ07', field, 'Treatment begins more than 30 days before the diagnosis'),
    ),
  (draft) =>
    TREATMENT_DATES.filter(([, field]) => isAfter(draft[field], draft.deathDate)).map(([, field]) =>
      error('DQ08', field, 'Treatment begins after death'),
    ),
  ({ surgeryDate, recurrenceDate }) =>
    isAfter(surgeryDate, recurrenceDate)
      ? error('DQ09', 'recurrenceDate', 'Recurrence comes before the surgery')
      : undefined,
  ({ recurrenceDate, treatments }) =>
    typeof recurrenceDate === 'string' && treatments?.includes('none') === true
      ? error('DQ09', 'recurrenceDate', 'Recurrence needs a treatment before it')
      : undefined,
  ({ recurrenceDate, deathDate }) =>
    isAfter(recurrenceDate, deathDate)
      ? error('DQ10', 'recurrenceDate', 'Recurrence comes after death')
      : undefined,
  ({ diagnosisDate, lastContactDate }) =>
    isAfter(diagnosisDate, lastContactDate)
      ? error('DQ42', 'lastContactDate', 'The last contact comes before the diagnosis')
      : undefined,
  ({ tnmEdition, clinicalN, clinicalM }) => {
    if (tnmEdition === undefined) return undefined
    const issues: Issue[] = []
    const message = 'The category does not belong to this TNM edition'
    if (clinicalN !== undefined && !isOfEdition(tnmEdition, clinicalN)) {
      issues.push(error('DQ19', 'clinicalN', message))
    }
    if (clinicalM !== undefined && !isOfEdition(tnmEdition, clinicalM)) {
      issues.push(error('DQ19', 'clinicalM', message))
    }
    return issues
  },
  ({ tnmEdition, clinicalT, clinicalN, clinicalM }) => {
    if (!tnmEdition || !clinicalT || !clinicalN || !clinicalM) return undefined
    const isInEdition = isOfEdition(tnmEdition, clinicalN) && isOfEdition(tnmEdition, clinicalM)
    if (!isInEdition || stageGroup(tnmEdition, clinicalT, clinicalN, clinicalM)) return undefined
    return clinicalT === 'Tis' && clinicalM !== 'M0'
      ? error('DQ14', 'clinicalT', 'Tis cannot have metastases')
      : {
          ...error('DQ14', 'clinicalT', 'These categories make no stage group'),
          severity: 'warning',
        }
  },
  ({ histology }) =>
    histology !== undefined && !isKnownHistology(histology)
      ? error('HX01', 'histology', 'The morphology is not in the list')
      : undefined,
  ({ treatments }) =>
    treatments !== undefined && treatments.includes('none') && treatments.length > 1
      ? error('TX01', 'treatments', '“None” excludes other treatments')
      : undefined,
  (draft) =>
    TREATMENT_DATES.flatMap(([treatment, field]) => {
      const date = draft[field]
      if (draft.treatments === undefined || date === undefined) return []
      const isGiven = draft.treatments.includes(treatment)
      if (isGiven && date === null) return [error('TX02', field, 'Give the date of the treatment')]
      if (!isGiven && date !== null) {
        return [error('TX02', field, 'The date belongs to a treatment that is not ticked')]
      }
      return []
    }),
]

/** Whole days from `a` to `b`. */
function daysBetween(a: string, b: string): number {
  return (Date.parse(b) - Date.parse(a)) / 86_400_000
}
