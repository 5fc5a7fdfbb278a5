/**
 * outcomes.csv of a release: one row per case. Dates are shifted; beside each stands the number of
 * days since the diagnosis, which shifting does not change. Ages of 90 and above read 90.
 */
import type { OutcomeValues, StageGroup } from '@pandok/contract'
import { type Cell, encodeCsv } from './csv.ts'

export interface OutcomeRow {
  readonly pseudonym: string
  readonly values: OutcomeValues
  readonly stageGroup: StageGroup | null
}

const MAX_RELEASED_AGE = 90
const DATES = [
  ['diagnosis_date', 'diagnosisDate'],
  ['surgery_date', 'surgeryDate'],
  ['radiotherapy_start_date', 'radiotherapyStartDate'],
  ['systemic_start_date', 'systemicStartDate'],
  ['recurrence_date', 'recurrenceDate'],
  ['last_contact_date', 'lastContactDate'],
  ['death_date', 'deathDate'],
] as const

/** Name and meaning of every column, in their order; the README of the data prints them. */
export const OUTCOME_COLUMNS: readonly (readonly [name: string, meaning: string])[] = [
  ['case_id', 'pseudonym of the subject; the folder under cases/'],
  ['sex', 'M male, F female, U unknown'],
  ['age_at_diagnosis', 'years; 90 stands for 90 and above'],
  ['histology_icdo3', 'ICD-O-3 morphology'],
  ['tnm_edition', '8 or 9'],
  ['clinical_t', 'cT'],
  ['clinical_n', 'cN'],
  ['clinical_m', 'cM'],
  ['clinical_stage_group', 'computed from the categories; empty when they make none'],
  ['treatments', 'none, surgery, radiotherapy, systemic; separated by a semicolon'],
  ...DATES.flatMap(([name]): [string, string][] => [
    [name, 'ISO 8601, shifted by the offset of the subject'],
    [name.replace(/date$/, 'day'), 'days since the diagnosis'],
  ]),
  ['vital_status', 'alive, dead, unknown'],
  ['death_cause', 'lung-cancer, treatment-related, other-cancer, other, unknown'],
]

export function encodeOutcomes(rows: readonly OutcomeRow[]): string {
  return encodeCsv(
    OUTCOME_COLUMNS.map(([name]) => name),
    rows.map(({ pseudonym, values, stageGroup }): Cell[] => [
      pseudonym,
      values.sex,
      Math.min(values.ageAtDiagnosis, MAX_RELEASED_AGE),
      values.histology,
      values.tnmEdition,
      values.clinicalT,
      values.clinicalN,
      values.clinicalM,
      stageGroup,
      values.treatments.join(';'),
      ...DATES.flatMap(([, field]) => {
        const date = values[field]
        return [date, date === null ? null : daysBetween(values.diagnosisDate, date)]
      }),
      values.vitalStatus,
      values.deathCause,
    ]),
  )
}

function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000)
}
