import { describe, expect, test } from 'vitest'
import { checkQuality, type Draft } from './quality-rules.ts'

const TODAY = '2026-01-31'

/** A form that breaks nothing. */
const SOUND: Draft = {
  sex: 'F',
  ageAtDiagnosis: 67,
  histology: '8140/3',
  tnmEdition: '8',
  clinicalT: 'T1b',
  clinicalN: 'N0',
  clinicalM: 'M0',
  treatments: ['surgery'],
  diagnosisDate: '2020-03-02',
  surgeryDate: '2020-03-20',
  radiotherapyStartDate: null,
  systemicStartDate: null,
  recurrenceDate: null,
  lastContactDate: '2024-05-01',
  vitalStatus: 'alive',
  deathDate: null,
  deathCause: null,
}

test('a sound form breaks nothing, and so does an empty draft', () => {
  expect(checkQuality(SOUND, TODAY)).toEqual([])
  expect(checkQuality({}, TODAY)).toEqual([])
})

const dead: Draft = { vitalStatus: 'dead', deathDate: '2024-05-01', deathCause: 'lung-cancer' }

describe('each rule alone', () => {
  test.each<[string, Draft, string, string]>([
    ['a slip of the century', { diagnosisDate: '1020-03-02' }, 'DQ02P', 'diagnosisDate'],
    ['future last contact', { lastContactDate: '2026-02-01' }, 'DQ02', 'lastContactDate'],
    ['contact after death', { ...dead, lastContactDate: '2024-05-02' }, 'DQ04', 'lastContactDate'],
    ['dead without date', { ...dead, deathDate: null }, 'DQ05', 'deathDate'],
    ['alive with date', { deathDate: '2024-05-01' }, 'DQ05', 'deathDate'],
    ['alive with cause', { deathCause: 'other' }, 'DQ06', 'deathCause'],
    ['dead without cause', { ...dead, deathCause: null }, 'DQ06', 'deathCause'],
    ['surgery 31 days early', { surgeryDate: '2020-01-31' }, 'DQ07', 'surgeryDate'],
    ['surgery after death', { ...dead, surgeryDate: '2024-05-02' }, 'DQ08', 'surgeryDate'],
    ['recurrence before surgery', { recurrenceDate: '2020-03-19' }, 'DQ09', 'recurrenceDate'],
    [
      'recurrence of what was not treated',
      { treatments: ['none'], surgeryDate: null, recurrenceDate: '2021-01-01' },
      'DQ09',
      'recurrenceDate',
    ],
    ['recurrence after death', { ...dead, recurrenceDate: '2024-05-02' }, 'DQ10', 'recurrenceDate'],
    ['N2a in edition 8', { clinicalN: 'N2a' }, 'DQ19', 'clinicalN'],
    ['M1c2 in edition 8', { clinicalM: 'M1c2' }, 'DQ19', 'clinicalM'],
    ['Tis with metastases', { clinicalT: 'Tis', clinicalM: 'M1a' }, 'DQ14', 'clinicalT'],
    ['unknown morphology', { histology: '9999/9' }, 'HX01', 'histology'],
    ['none and surgery', { treatments: ['none', 'surgery'] }, 'TX01', 'treatments'],
    ['surgery without date', { surgeryDate: null }, 'TX02', 'surgeryDate'],
    ['date without surgery', { treatments: ['none'] }, 'TX02', 'surgeryDate'],
    ['contact before diagnosis', { lastContactDate: '2020-03-01' }, 'DQ42', 'lastContactDate'],
  ])('%s', (_name, change, code, field) => {
    const issues = checkQuality({ ...SOUND, ...change }, TODAY)
    expect(issues.map((issue) => [issue.code, issue.path])).toEqual([[code, `values.${field}`]])
  })

  test('death before diagnosis: whatever the last contact says is wrong too', () => {
    const change: Draft = { ...dead, deathDate: '2020-03-01', lastContactDate: '2020-03-01' }
    const draft: Draft = { ...SOUND, ...change, treatments: ['none'], surgeryDate: null }
    expect(checkQuality(draft, TODAY).map((issue) => issue.code)).toEqual(['DQ03', 'DQ42'])
  })

  test('30 days before the diagnosis is allowed', () => {
    expect(checkQuality({ ...SOUND, surgeryDate: '2020-02-01' }, TODAY)).toEqual([])
  })
})
