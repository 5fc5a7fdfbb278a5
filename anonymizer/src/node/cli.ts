/**
 * `pandok deidentify IN… --out DIR`: cleans files, folders, zips and discs on the hospital's own
 * machine. Originals are only read; each output appears whole or not at all.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { keyFingerprint } from '../ledger/signer.ts'
import { BUILT_IN_NAMES, DEFAULT_PROFILE } from '../profile/names.ts'
import type { Profile } from '../profile/profile.ts'
import { createKey } from '../vault/vault.ts'
import { openBatchReport } from './batch-report.ts'
import type { BatchSummary } from './batch-summary.ts'
import { type Children, startChildren } from './children.ts'
import { sentenceOf, UsageError } from './complaint.ts'
import type { ChildSettings } from './deidentify-child.ts'
import { inputsOf } from './inputs.ts'
import type { CliIo } from './io.ts'
import { type KeyFile, readOrMakeKeys, selectKey } from './key-file.ts'
import { isRunning } from './lock.ts'
import { createProgress } from './progress.ts'
import { runAll } from './run.ts'
import {
  openRunRecord,
  RECORD_HELP,
  RECORD_OPTIONS,
  type RecordOptions,
  type RunRecord,
  readRecordOptions,
} from './run-record.ts'
import { openSubjects } from './subjects.ts'
import { today } from './today.ts'

const HELP = `pandok deidentify IN… --out DIR
  [--profile NAME|FILE]   ${BUILT_IN_NAMES.join(', ')} or a file (${DEFAULT_PROFILE})
  [--key-file FILE]       the project's keys (DIR/../pandok-deid.key, made when missing)
  [--report FILE.json]    with FILE.html and FILE.instances.jsonl (DIR/report.json)
  [--jobs N]              processes that work at once
  [--dry-run]             writes only the report
  [--resume]              goes on in a DIR that is not empty; what is there is compared, not replaced
  [--prefix LC] [--digits 5]   how pseudonyms look
${RECORD_HELP}
IN: files, folders, zips, DICOMDIRs. Writes DIR/<pseudonym>/<study>/<series>/<instance>.dcm.
The key decides pseudonyms, UIDs and date offsets: use a project's own, so that a patient is the
same subject in every run, and keep it apart from the data. Reports hold no values and call inputs
by ids; --names FILE writes which id is which file, for the hospital's own use.
Exit: 0 all written, 1 some refused, 2 usage or environment.
`

interface Options {
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
  readonly isResumed: boolean
  readonly record: RecordOptions
}

/** `first`: a child that was started already. */
export async function deidentifyCli(
  args: readonly string[],
  io: CliIo,
  first: ChildProcess | undefined,
): Promise<number> {
  if (args.includes('--help')) {
    io.out(HELP)
    return 0
  }
  try {
    const options = readOptions(args)
    const summary = await run(options, io, first)
    const { written, unchanged, refused, passedOver } = summary.counts
    const more = [
      unchanged > 0 ? `, ${unchanged} there before` : '',
      passedOver > 0 ? `, ${passedOver} indexes passed over` : '',
    ].join('')
    const verb = options.isDryRun ? 'would be written' : 'de-identified'
    io.out(`${written} ${verb}${more}, ${refused} refused; report: ${options.report}\n`)
    return refused > 0 ? 1 : 0
  } catch (error) {
    io.error(`${sentenceOf(error)}\n`)
    return 2
  }
}

async function run(
  options: Options,
  io: CliIo,
  first: ChildProcess | undefined,
): Promise<BatchSummary> {
  const { out, isDryRun } = options
  const settings = Promise.withResolvers<ChildSettings>()
  const children = startChildren(options.jobs, settings.promise, first)
  try {
    // Checking a profile needs libraries that take as long to load as a child to start.
    const { loadProfile } = await import('../profile/profile.ts')
    const profile = loadProfile(options.profile)
    const keys = projectKeys(options)
    if (keys.isNew) io.error('made a new key; keep it safe and apart from the data\n')
    const { key, fingerprint } = selectKey(keys, options.record.key)
    const record = await openRunRecord(options.record, {
      profile,
      keys,
      fingerprint,
      isDryRun,
    })
    const home = isDryRun ? dirname(options.report) : out
    const partialFolder = claim(home, options.isResumed || isDryRun)
    try {
      settings.resolve({
        profile,
        key,
        format: options.format,
        partialFolder: isDryRun ? undefined : partialFolder,
        tableKey: record.table?.key,
        certificates: options.record.certificates,
      })
      return await runIn(partialFolder, {
        options,
        io,
        children,
        profile,
        key,
        fingerprint,
        record,
      })
    } finally {
      rmSync(partialFolder, { recursive: true, force: true })
    }
  } finally {
    children.close()
  }
}

async function runIn(
  partialFolder: string,
  run: {
    options: Options
    io: CliIo
    children: Children
    profile: Profile
    key: Uint8Array
    fingerprint: string
    record: RunRecord
  },
): Promise<BatchSummary> {
  const { options, io, children, profile, key, fingerprint, record } = run
  const { out, isDryRun } = options
  const progress = createProgress(io)
  const names: string[] = []
  const { format } = options
  const report = openBatchReport({
    path: options.report,
    partialFolder,
    profile,
    format,
    key: fingerprint,
    isDryRun,
  })
  const isDone = runAll({
    inputs: inputsOf(options.inputs, key),
    children,
    out,
    partialFolder,
    isDryRun,
    lanes: options.jobs,
    table: record.table,
    subjects: openSubjects(`${options.keyFile}.subjects`, isDryRun),
    tell: (input, outcome) => {
      report.add(input, outcome)
      progress.add(input, outcome)
      record.add(outcome)
      if (options.names !== undefined) names.push(`${input.id}\t${input.label}\n`)
    },
  })
  await isDone.catch((error: unknown) => {
    record.finish(undefined)
    throw error
  })
  progress.end()
  const summary = report.finish()
  if (summary.counts.inputs === 0) throw new UsageError('there is no file in what was given')
  const anchor = record.finish(options.report)
  if (anchor !== undefined) io.out(`recorded in the ledger; its anchor: ${anchor}\n`)
  if (options.names !== undefined) writeFileSync(options.names, names.join(''), { mode: 0o600 })
  return summary
}

/** A dry run leaves nothing behind, not even a key. */
function projectKeys({ keyFile, out, isDryRun }: Options): KeyFile & { isNew: boolean } {
  if (!isDryRun || existsSync(keyFile)) {
    return readOrMakeKeys(keyFile, { apartFrom: out, today: today() })
  }
  const key = createKey()
  const made = { key, fingerprint: keyFingerprint(key), since: undefined }
  return { current: made, keys: [made], isNew: false }
}

/** The folder for temporary files; two runs in one folder would spoil each other's. */
function claim(out: string, mayExist: boolean): string {
  mkdirSync(out, { recursive: true })
  const partialFolder = join(out, '.pandok-partial')
  const owner = join(partialFolder, 'pid')
  if (existsSync(owner) && isOther(Number(readFileSync(owner, 'utf8')))) {
    throw new UsageError('another run writes to this folder')
  }
  rmSync(partialFolder, { recursive: true, force: true })
  if (!mayExist && readdirSync(out).length > 0) {
    throw new UsageError('--out is not empty: choose another folder, or --resume to go on in it')
  }
  mkdirSync(partialFolder, { mode: 0o700 })
  writeFileSync(owner, String(process.pid))
  return partialFolder
}

function isOther(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0 && pid !== process.pid && isRunning(pid)
}

function readOptions(args: readonly string[]): Options {
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
    isDryRun: values['dry-run'],
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
