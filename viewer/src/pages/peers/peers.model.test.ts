import { expect, test } from 'vitest'
import { dateOf, nameOf, queryOf } from './peers.model.ts'

const EMPTY = { peerKey: 'pacs', patientId: '', from: '', until: '', accessionNumber: '' }

test.each([
  ['nothing', {}, {}],
  ['a patient', { patientId: ' 123 ' }, { patientId: '123' }],
  ['an accession', { accessionNumber: 'A1' }, { accessionNumber: 'A1' }],
  ['one day', { from: '2024-01-31', until: '2024-01-31' }, { studyDate: '20240131' }],
  ['days', { from: '2024-01-01', until: '2024-01-31' }, { studyDate: '20240101-20240131' }],
  ['since', { from: '2024-01-01' }, { studyDate: '20240101-' }],
  ['until', { until: '2024-01-01' }, { studyDate: '-20240101' }],
])('%s', (_, parts, query) => {
  expect(queryOf({ ...EMPTY, ...parts })).toEqual(query)
})

test.each([
  ['20240131', '2024-01-31'],
  ['', ''],
  ['2024', '2024'],
])('date %s is shown as %s', (date, shown) => {
  expect(dateOf(date)).toBe(shown)
})

test.each([
  ['HONG^GILDONG', 'HONG GILDONG'],
  ['홍길동', '홍길동'],
  ['A^^^Dr', 'A Dr'],
])('name %s is shown as %s', (name, shown) => {
  expect(nameOf(name)).toBe(shown)
})
