/**
 * Shifts DA and DT values by whole days (PS3.15 E.3.6); times of day and zones stay, so that
 * intervals are kept.
 */
import { DeidError } from '../errors.ts'

const DAY_MS = 86_400_000

/**
 * DA: YYYYMMDD, or the old YYYY.MM.DD, which comes back as YYYYMMDD. '' stays ''; undefined: not a
 * date.
 */
export function shiftDa(text: string, days: number): string | undefined {
  if (text === '') return ''
  const digits = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text)
  if (digits === null) return undefined
  return shiftDigits(digits[1] ?? '', digits[2] ?? '', digits[3] ?? '', days)
}

/**
 * DT: a date with anything behind it. undefined: no date, or one without a day, which no whole number
 * of days can move.
 */
export function shiftDt(text: string, days: number): string | undefined {
  if (text === '') return ''
  const parts = /^(\d{4})(\d{2})(\d{2})((?:\d{2}){0,3}(?:\.\d{1,6})?(?:[+-]\d{4})?)$/.exec(text)
  if (parts === null) return undefined
  const date = shiftDigits(parts[1] ?? '', parts[2] ?? '', parts[3] ?? '', days)
  return date === undefined ? undefined : date + (parts[4] ?? '')
}

/** ISO 8601 calendar date, such as 2026-11-22. DEID_DATE for anything else. */
export function shiftIsoDate(text: string, days: number): string {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (parts === null) throw new DeidError('DEID_DATE', 'a date is not of the form YYYY-MM-DD')
  const shifted = shiftDigits(parts[1] ?? '', parts[2] ?? '', parts[3] ?? '', days)
  if (shifted === undefined) {
    throw new DeidError('DEID_DATE', 'a date does not exist in the calendar')
  }
  return `${shifted.slice(0, 4)}-${shifted.slice(4, 6)}-${shifted.slice(6)}`
}

/** undefined: no day of the calendar, or none of the years 1 to 9999 any more. */
function shiftDigits(year: string, month: string, day: string, days: number): string | undefined {
  // Date.UTC takes the years 0 to 99 for those of the last century.
  const time = new Date(0).setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const back = new Date(time)
  const isReal = back.getUTCMonth() === Number(month) - 1 && back.getUTCDate() === Number(day)
  if (!isReal) return undefined
  const shifted = new Date(time + days * DAY_MS)
  const shiftedYear = shifted.getUTCFullYear()
  if (shiftedYear < 1 || shiftedYear > 9999) return undefined
  return (
    shiftedYear.toString().padStart(4, '0') +
    (shifted.getUTCMonth() + 1).toString().padStart(2, '0') +
    shifted.getUTCDate().toString().padStart(2, '0')
  )
}
