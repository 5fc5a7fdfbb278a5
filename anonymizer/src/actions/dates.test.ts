import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shiftDa, shiftDt, shiftIsoDate } from './dates.ts'

describe('DA (PS3.5 6.2), shifted by whole days', () => {
  test.each<[string, string, number, string | undefined]>([
    ['a day', '20240301', -1, '20240229'],
    ['over a leap day', '20240301', -366, '20230301'],
    ['a leap day', '20240229', -365, '20230301'],
    ['the leap day of 2000', '20000301', -1, '20000229'],
    ['1900 has none', '19000301', -1, '19000228'],
    ['before 1900', '18991231', -3650, '18900102'],
    ['before 1582, by the same calendar', '15000101', -1, '14991231'],
    ['in the first century', '00500101', -1, '00491231'],
    ['the old form', '2024.03.01', -1, '20240229'],
    ['empty', '', -30, ''],
    ['no offset', '20240229', 0, '20240229'],
    ['before the year 1', '00010101', -1, undefined],
    ['after the year 9999', '99991231', 1, undefined],
    ['no leap day', '20230229', -30, undefined],
    ['the year 0', '00000101', -30, undefined],
    ['no month', '20241301', -30, undefined],
    ['a range, which only queries have', '20240101-20240301', -30, undefined],
    ['an open range', '20240101-', -30, undefined],
    ['a month', '202403', -30, undefined],
    ['with a time', '20240301120000', -30, undefined],
    ['words', 'MARCH 1', -30, undefined],
  ])('%s', (_name, text, days, expected) => {
    expect(shiftDa(text, days)).toBe(expected)
  })
})

describe('DT (PS3.5 6.2): the day moves, time and zone stay', () => {
  test.each<[string, string, string | undefined]>([
    ['a day', '20240301', '20240229'],
    ['an hour', '2024030100', '2024022900'],
    ['a fraction', '20240301101530.123456', '20240229101530.123456'],
    ['a zone to the east', '20240301003000+0900', '20240229003000+0900'],
    ['a zone to the west', '20240301233000.5-1200', '20240229233000.5-1200'],
    ['a zone behind a day', '20240301+0900', '20240229+0900'],
    ['a year', '2024', undefined],
    ['a year and a zone', '2024+0900', undefined],
    ['a month', '202403', undefined],
    ['a range', '20240301-20240401', undefined],
    ['words behind', '20240301 HONG', undefined],
    ['empty', '', ''],
  ])('%s', (_name, text, expected) => {
    expect(shiftDt(text, -1)).toBe(expected)
  })
})

test('intervals in days are kept, whatever the dates and the offset', () => {
  const day = fc.date({
    min: new Date('0012-01-01T00:00:00Z'),
    max: new Date('9999-12-31T00:00:00Z'),
    noInvalidDate: true,
  })
  fc.assert(
    fc.property(day, day, fc.integer({ min: -3650, max: -30 }), (one, other, days) => {
      const shifted = [one, other].map((date) =>
        shiftIsoDate(date.toISOString().slice(0, 10), days),
      )
      const da = [one, other].map((date) =>
        shiftDa(date.toISOString().slice(0, 10).replaceAll('-', ''), days),
      )
      expect(shifted.map((text) => text.replaceAll('-', ''))).toEqual(da)
      const [first = 0, second = 0] = shifted.map((text) => Date.parse(text))
      const dayOf = (date: Date) => Math.floor(date.getTime() / 86_400_000)
      expect((second - first) / 86_400_000).toBe(dayOf(other) - dayOf(one))
    }),
    { numRuns: 2_000 },
  )
})
