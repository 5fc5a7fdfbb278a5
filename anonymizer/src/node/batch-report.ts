/**
 * What a run did, in three files without values: FILE.json sums it up, FILE.instances.jsonl has a
 * line per input, FILE.html is for reading.
 */
import { createHash } from 'node:crypto'
import { closeSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import { profileDigest } from '../profile/digest.ts'
import type { Profile } from '../profile/profile.ts'
import type { ReportRow } from '../report/report.ts'
import type { PseudonymFormat } from '../vault/vault.ts'
import type { BatchSummary } from './batch-summary.ts'
import type { Input } from './inputs.ts'
import type { Outcome } from './place.ts'
import { reportPage } from './report-page.ts'

/** Characters. */
const WRITTEN_AT_ONCE = 65_536

export interface BatchReport {
  readonly add: (input: Input, outcome: Outcome) => void
  /** Writes the files; each appears whole or not at all. */
  readonly finish: (pixels: BatchSummary['pixels']) => BatchSummary
}

/** `path` ends in .json; temporary files go to `partialFolder`, on the same file system. */
export function openBatchReport(options: {
  path: string
  partialFolder: string
  profile: Profile
  format: PseudonymFormat
  /** Fingerprint. */
  key: string
  isDryRun: boolean
}): BatchReport {
  const { path, partialFolder, profile, format, key, isDryRun } = options
  const stem = path.replace(/\.json$/, '')
  const instancesPath = `${stem}.instances.jsonl`
  const temporary = join(partialFolder, 'instances')
  const instances = openSync(temporary, 'w')
  const counts = { inputs: 0, written: 0, unchanged: 0, refused: 0, passedOver: 0, bytesWritten: 0 }
  const subjects = new Set<string>()
  const refusals: BatchSummary['refusals'][number][] = []
  const sums = new Map<string, ReportRow & { count: number }>()
  /** Lists of rows repeat: each is written once, and after that by its number. */
  const patterns = new Map<string, number>()
  /** The list of the instance before, mostly that of the next; `files`: not in the sums yet. */
  let last: { rows: readonly ReportRow[]; pattern: number; files: number } | undefined
  let lines = ''

  const write = (line: string) => {
    lines += `${line}\n`
    if (lines.length > WRITTEN_AT_ONCE) flush()
  }
  const flush = () => {
    writeSync(instances, lines)
    lines = ''
  }
  const patternOf = (rows: readonly ReportRow[]): number => {
    if (last?.rows !== rows) {
      addLast()
      last = { rows, pattern: newPatternOf(rows), files: 0 }
    }
    last.files++
    return last.pattern
  }
  const newPatternOf = (rows: readonly ReportRow[]): number => {
    const text = JSON.stringify(rows)
    const digest = createHash('sha256').update(text).digest('base64')
    let pattern = patterns.get(digest)
    if (pattern === undefined) {
      pattern = patterns.size
      patterns.set(digest, pattern)
      write(`{"pattern":${pattern},"rows":${text}}`)
    }
    return pattern
  }
  const addLast = () => {
    if (last === undefined) return
    for (const row of last.rows) {
      const what = `${row.path} ${row.rule} ${row.action}`
      const count = row.count * last.files
      const sum = sums.get(what)
      if (sum === undefined) sums.set(what, { ...row, count })
      else sum.count += count
    }
  }

  return {
    add: (input, outcome) => {
      counts.inputs++
      switch (outcome.kind) {
        case 'passed-over':
          counts.passedOver++
          break
        case 'refused': {
          counts.refused++
          const { code, other } = outcome
          refusals.push({ input: input.id, code, ...(other === undefined ? {} : { other }) })
          break
        }
        case 'written':
        case 'unchanged': {
          counts[outcome.kind]++
          if (outcome.kind === 'written') counts.bytesWritten += outcome.bytes
          subjects.add(outcome.path.split(/[\\/]/)[0] ?? '')
          const pattern = patternOf(outcome.rows)
          const line = { input: input.id, output: outcome.path, pattern }
          write(JSON.stringify(line))
        }
      }
    },
    finish: (pixels) => {
      addLast()
      flush()
      closeSync(instances)
      const summary: BatchSummary = {
        schema: 'pandok-deidentification-report-1',
        profile: {
          label: profile.label,
          description: profile.description,
          options: [...profile.options],
          sha256: profileDigest(profile),
        },
        pseudonyms: format,
        key,
        isDryRun,
        counts: { ...counts, subjects: subjects.size },
        pixels,
        refusals,
        rows: [...sums.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
        instances: basename(instancesPath),
      }
      const put = (target: string, text: string) => {
        const part = join(partialFolder, 'report')
        writeFileSync(part, text)
        renameSync(part, target)
      }
      renameSync(temporary, instancesPath)
      put(`${stem}.html`, reportPage(summary))
      put(path, `${JSON.stringify(summary, null, 2)}\n`)
      return summary
    },
  }
}
