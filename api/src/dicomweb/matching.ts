/**
 * QIDO-RS matching keys (PS3.18 8.3.4, 10.6.1): by keyword or tag, dates with ranges. A key that
 * is not known is refused: a silent miss would look like a match.
 */
import { PandokError } from '@pandok/contract'

const ALIASES: Readonly<Record<string, string>> = {
  '0020000D': 'StudyInstanceUID',
  '0020000E': 'SeriesInstanceUID',
  '00080018': 'SOPInstanceUID',
  '00100020': 'PatientID',
  '00080020': 'StudyDate',
  '00080060': 'Modality',
  '00080061': 'ModalitiesInStudy',
}
const ALWAYS = ['limit', 'offset', 'includefield', 'fuzzymatching']
const MAX_LIMIT = 1000

export interface Matching {
  readonly limit: number
  readonly offset: number
  readonly get: (keyword: string) => string | undefined
}

export function readMatching(
  query: Readonly<Record<string, unknown>>,
  known: readonly string[],
): Matching {
  const keys = new Map<string, string>()
  for (const [name, value] of Object.entries(query)) {
    const keyword = ALIASES[name] ?? name
    if (!known.includes(keyword) && !ALWAYS.includes(keyword)) {
      throw new PandokError('INPUT_INVALID', 'a matching key is not supported at this level')
    }
    if (typeof value === 'string' && value !== '') keys.set(keyword, value)
  }
  return {
    limit: Math.min(wholeNumber(keys.get('limit'), 100), MAX_LIMIT),
    offset: wholeNumber(keys.get('offset'), 0),
    get: (keyword) => keys.get(keyword),
  }
}

/** A date or a range such as 20200101-20201231, 20200101-, -20201231. */
export function readDateRange(text: string | undefined): {
  from: string | undefined
  to: string | undefined
} {
  if (text === undefined) return { from: undefined, to: undefined }
  const match = /^(\d{8})?(-)?(\d{8})?$/.exec(text)
  if (match === null) throw new PandokError('INPUT_INVALID', 'StudyDate is not a date or a range')
  const [, first, dash, second] = match
  return dash === undefined ? { from: first, to: first } : { from: first, to: second }
}

function wholeNumber(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  if (!/^\d{1,9}$/.test(text))
    throw new PandokError('INPUT_INVALID', 'limit and offset are numbers')
  return Number(text)
}
