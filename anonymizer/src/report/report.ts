/** What was done, summed over attributes: paths, keywords, rules and counts; never a value. */
import type { Action } from '../profile/resolve.ts'

export interface ReportRow {
  /** Tags from the outside in, items as [*]: 00400275[*].00400007 */
  readonly path: string
  readonly keyword: string
  readonly rule: string
  /** C-pixels: boxes that were blanked, or a face that was taken off. */
  readonly action: Action | 'C-pixels'
  readonly count: number
}

/** Adds rows of many files up; ordered by path. */
export function sumReports(reports: readonly (readonly ReportRow[])[]): ReportRow[] {
  const sums = new Map<string, ReportRow>()
  for (const row of reports.flat()) {
    const key = `${row.path} ${row.rule} ${row.action}`
    const known = sums.get(key)
    sums.set(key, known === undefined ? row : { ...known, count: known.count + row.count })
  }
  return [...sums.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}
