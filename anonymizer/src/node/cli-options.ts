/** What the command is asked to do: its options, read and judged. */
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BUILT_IN_NAMES, DEFAULT_PROFILE } from '../profile/names.ts'
import { UsageError } from './complaint.ts'
import { RECORD_HELP, RECORD_OPTIONS, type RecordOptions, readRecordOptions } from './run-record.ts'

export const HELP = `pandok deidentify IN… --out DIR
  [--profile NAME|FILE]   ${BUILT_IN_NAMES.join(', ')} or a file (${DEFAULT_PROFILE})
  [--key-file FILE]       the project's keys (DIR/../pandok-deid.key, made when missing)
  [--report FILE.json]    with FILE.html and FILE.instances.jsonl (DIR/report.json)
  [--jobs N]              processes that work at once
  [--dry-run]             writes only the report
  [--review]              opens a page on this machine where a person decides on images that wait
  [--preview]             opens a page that shows before and after; nothing is written
  [--resume]              goes on in a DIR that is not empty; what is there is compared, not replaced
  [--prefix LC] [--digits 5]   how pseudonyms look
${RECORD_HELP}
IN: files, folders, zips, DICOMDIRs. Writes DIR/<pseudonym>/<study>/<series>/<instance>.dcm.
The key decides pseudonyms, UIDs and date offsets: use a project's own, so that a patient is the
same subject in every run, and keep it apart from the data. Reports hold no values and call inputs
by ids; --names FILE writes which id is which file, for the hospital's own use.
Exit: 0 all written, 1 some refused, 2 usage or environment.
`

export interface Options {
  readonly inputs: readonly string[]
  readonly out: string
  /** A built-in name or the text of a file. */
  readonly profile: string
  readonly keyFile: string
  readonly format: { prefix: string; digits: number }
  readonly report: string
  readonly names: string | undefined
  readonly jobs: number
  readonly isDryRun: boolean
  readonly isReviewed: boolean
  /** A dry run that shows before and after. */
  readonly isPreviewed: boolean
  readonly isResumed: boolean
  readonly record: RecordOptions
}

export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parsed(args)
  if (values.out === undefined) throw new UsageError('--out is missing; see --help')
  if (positionals.length === 0) throw new UsageError('there is nothing to read; see --help')
  if (!/^[A-Z]{1,4}$/.test(values.prefix)) throw new UsageError('--prefix: one to four letters A-Z')
  const digits = Number(values.digits)
  if (!(Number.isInteger(digits) && digits >= 4 && digits <= 9)) {
    throw new UsageError('--digits: 4 to 9')
  }
  const jobs = Number(values.jobs ?? Math.min(availableParallelism(), 8))
  if (!(Number.isInteger(jobs) && jobs >= 1 && jobs <= 64)) throw new UsageError('--jobs: 1 to 64')
  const out = resolve(values.out)
  const report = resolve(values.report ?? join(out, 'report.json'))
  if (!report.endsWith('.json')) throw new UsageError('--report: a name that ends in .json')
  const inputs = positionals.map((input) => resolve(input))
  if (inputs.some((input) => out === input || out.startsWith(`${input}/`))) {
    throw new UsageError('--out lies within what is to be read')
  }
  inputs.forEach((input, at) => {
    if (!existsSync(input)) throw new UsageError(`input ${at + 1} does not exist`)
  })
  return {
    inputs,
    out,
    profile: profileText(values.profile),
    keyFile: resolve(values['key-file'] ?? join(out, '..', 'pandok-deid.key')),
    format: { prefix: values.prefix, digits },
    report,
    names: values.names === undefined ? undefined : resolve(values.names),
    jobs,
    isDryRun: values['dry-run'] || values.preview,
    isReviewed: values.review,
    isPreviewed: values.preview,
    isResumed: values.resume,
    record: readRecordOptions(values, out),
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        profile: { type: 'string', default: DEFAULT_PROFILE },
        'key-file': { type: 'string' },
        report: { type: 'string' },
        names: { type: 'string' },
        jobs: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        review: { type: 'boolean', default: false },
        preview: { type: 'boolean', default: false },
        resume: { type: 'boolean', default: false },
        prefix: { type: 'string', default: 'LC' },
        digits: { type: 'string', default: '5' },
        ...RECORD_OPTIONS,
      },
    })
  } catch {
    throw new UsageError('an option is not known or lacks its value; see --help')
  }
}

function profileText(nameOrFile: string): string {
  if (BUILT_IN_NAMES.some((name) => name === nameOrFile)) return nameOrFile
  if (!existsSync(nameOrFile)) {
    throw new UsageError(`--profile: neither a file nor one of ${BUILT_IN_NAMES.join(', ')}`)
  }
  return readFileSync(nameOrFile, 'utf8')
}
