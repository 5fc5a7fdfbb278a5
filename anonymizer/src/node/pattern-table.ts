/** The rows of a report as children send them: each distinct list once, and after that by number. */
import type { ReportRow } from '../report/report.ts'
import type { BatchAnswer } from './children.ts'

/** More than a child keeps: it never speaks of older ones. */
const FORGOTTEN_PATTERNS = 1_000

export type PatternTable = ReturnType<typeof createPatternTable>

export function createPatternTable() {
  const known = new Map<string, readonly ReportRow[]>()
  return {
    learn: ({ child, patterns }: BatchAnswer) => {
      for (const { id, rows } of patterns) {
        known.set(`${child} ${id}`, rows)
        known.delete(`${child} ${id - FORGOTTEN_PATTERNS}`)
      }
    },
    get: (child: number, id: number) => known.get(`${child} ${id}`) ?? [],
  }
}
