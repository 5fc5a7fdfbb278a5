/**
 * What PS3.15 table E.1-1 asks for, read from a rendering of the standard and nothing of the
 * engine's: the rows, and for a set of options what may be left of each attribute.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const PS315 = join(import.meta.dirname, '../../../../shared/data/ps315')

/** Columns of the table by the names that profiles use for the options. */
const COLUMNS = {
  'retain-uids': 'rtnUIDsOpt',
  'retain-device-identity': 'rtnDevIdOpt',
  'retain-institution-identity': 'rtnInstIdOpt',
  'retain-patient-characteristics': 'rtnPatCharsOpt',
  'retain-full-dates': 'rtnLongFullDatesOpt',
  'retain-modified-dates': 'rtnLongModifDatesOpt',
  'clean-descriptors': 'cleanDescOpt',
  'clean-structured-content': 'cleanStructContOpt',
  'clean-graphics': 'cleanGraphOpt',
} as const
export type TableOption = keyof typeof COLUMNS
export const TABLE_OPTIONS = Object.keys(COLUMNS) as TableOption[]

export interface Row {
  readonly name: string
  /** Eight digits; x stands for any. */
  readonly tag: string
  readonly basic: string
  readonly letters: Partial<Record<TableOption, string>>
}

/** 655 rows; the row for private attributes, which has no tag, is left out. */
export function readRows(): Row[] {
  const table = JSON.parse(readFileSync(join(PS315, 'e1-1_2026c.json'), 'utf8')) as {
    rows: ({ id: string; name: string; basicProfile: string } & Record<string, string>)[]
  }
  return table.rows
    .filter(({ id }) => /^[0-9a-fx]{8}$/i.test(id))
    .map((row) => ({
      name: row.name,
      tag: row.id.toUpperCase().replaceAll('X', 'x'),
      basic: row.basicProfile,
      letters: Object.fromEntries(
        TABLE_OPTIONS.flatMap((option) => {
          const letter = row[COLUMNS[option]]
          return letter === undefined || letter === '' ? [] : [[option, letter]]
        }),
      ),
    }))
}

/** K, C, or a set of D, Z, X, U of which one must have been done. */
export type Expected = 'K' | 'C' | ReadonlySet<string>

/** PS3.15 E.3: an option's letter stands in place of the Basic Profile's; cleaning wins. */
export function expectedOf(row: Row, options: readonly TableOption[]): Expected {
  const letters = options.map((option) => row.letters[option]).filter((each) => each !== undefined)
  if (letters.includes('C')) return 'C'
  if (letters.includes('K')) return 'K'
  return new Set(row.basic.replace('*', '').split('/'))
}
