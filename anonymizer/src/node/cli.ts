/**
 * `pandok deidentify IN… --out DIR`: cleans files, folders, zips and discs on the hospital's own
 * machine. Originals are only read; each output appears whole or not at all.
 */
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { keyFingerprint } from '../ledger/signer.ts'
import { createKey } from '../vault/vault.ts'
import { runBatch } from './batch.ts'
import { openBatchReport } from './batch-report.ts'
import type { BatchSummary } from './batch-summary.ts'
import { type Children, startChildren } from './children.ts'
import { HELP, type Options, readOptions } from './cli-options.ts'
import { sentenceOf, UsageError } from './complaint.ts'
import type { ChildSettings } from './deidentify-child.ts'
import { type Input, inputsOf } from './inputs.ts'
import type { CliIo } from './io.ts'
import { type KeyFile, readOrMakeKeys, selectKey } from './key-file.ts'
import { isRunning } from './lock.ts'
import { createLooker, type Looker } from './look.ts'
import type { WaitingInput } from './operator/decisions.ts'
import type { OperatorProcess } from './operator/operator-process.ts'
import type { WaitingFile } from './operator/review.ts'
import { createPlacer } from './place.ts'
import { createProgress } from './progress.ts'
import { openRunRecord, type RunRecord } from './run-record.ts'
import { openSubjects } from './subjects.ts'
import { today } from './today.ts'

/** Holds what a run has not finished; what a killed one left behind goes with the next. */
const PARTIAL = '.pandok-partial'
/** More than anybody looks through. */
const MAX_PREVIEWED = 200

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
    if (options.isResumed && !isDryRun) refuseOtherKey(options, fingerprint)
    const record = await openRunRecord(options.record, {
      profile,
      keys,
      fingerprint,
      isDryRun,
    })
    const home = isDryRun ? dirname(options.report) : out
    const partialFolder = claim(home, options.isResumed || isDryRun, fingerprint)
    try {
      const childSettings: ChildSettings = {
        profile,
        key,
        format: options.format,
        partialFolder: isDryRun ? undefined : partialFolder,
        tableKey: record.table?.key,
        certificates: options.record.certificates,
      }
      settings.resolve(childSettings)
      return await runIn(partialFolder, {
        options,
        io,
        children,
        settings: childSettings,
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

interface Run {
  readonly options: Options
  readonly io: CliIo
  readonly children: Children
  readonly settings: ChildSettings
  readonly fingerprint: string
  readonly record: RunRecord
}

async function runIn(partialFolder: string, run: Run): Promise<BatchSummary> {
  const { options, io, children, settings, fingerprint, record } = run
  const { profile, key } = settings
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
  const placer = createPlacer({
    out,
    partialFolder,
    isDryRun,
    table: record.table,
    subjects: openSubjects(`${options.keyFile}.subjects`, isDryRun),
  })
  const previewed: Input[] = []
  const looker = createLooker({
    look: profile.pixels.look,
    lanes: options.jobs,
    progress: progress.look,
  })
  const decided = await earlierDecisions(options)
  record.begin()
  const summary = await runBatch({
    inputs: inputsOf(options.inputs, key),
    children,
    lanes: options.jobs,
    placer,
    looker,
    decided,
    review: options.isReviewed ? (files) => review(files, decided, run, looker) : undefined,
    tell: (input, outcome) => {
      report.add(input, outcome)
      progress.add(input, outcome)
      record.add(outcome)
      if (options.isPreviewed && previewed.length < MAX_PREVIEWED) previewed.push(input)
      if (options.names !== undefined) names.push(`${input.id}\t${input.label}\n`)
    },
  })
    .finally(() => looker.close())
    .then(() => {
      progress.end()
      return report.finish(looker.counts())
    })
    .catch((error: unknown) => {
      record.finish(undefined)
      throw error
    })
  const anchor = record.finish(options.report)
  if (anchor !== undefined) io.out(`recorded in the ledger; its anchor: ${anchor}\n`)
  if (summary.counts.inputs === 0) throw new UsageError('there is no file in what was given')
  if (options.names !== undefined) writeFileSync(options.names, names.join(''), { mode: 0o600 })
  if (options.isPreviewed) await preview(previewed, run)
  return summary
}

/** Asks the person at this machine; Ctrl-C ends the review, and what was decided holds. */
async function review(
  files: readonly WaitingFile[],
  earlier: ReadonlyMap<string, WaitingInput>,
  { options, io, settings }: Run,
  looker: Looker,
): Promise<ReadonlyMap<string, WaitingInput>> {
  const { reviewPixels } = await import('./operator/review.ts')
  return await withOperator(settings, (process, signal) =>
    reviewPixels({
      files,
      earlier,
      process,
      reportPath: options.report,
      propose: looker.propose,
      say: io.error,
      signal,
    }),
  )
}

async function preview(inputs: readonly Input[], { io, settings }: Run): Promise<void> {
  const { showPreview } = await import('./operator/preview.ts')
  await withOperator(settings, (process, signal) =>
    showPreview({ inputs, process, say: io.error, signal }),
  )
}

async function withOperator<Result>(
  settings: ChildSettings,
  work: (process: OperatorProcess, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { startOperatorProcess } = await import('./operator/operator-process.ts')
  const operator = startOperatorProcess(settings)
  const interruption = new AbortController()
  const stop = () => interruption.abort()
  process.once('SIGINT', stop)
  try {
    return await work(operator, interruption.signal)
  } finally {
    process.off('SIGINT', stop)
    operator.close()
  }
}

/** Of FILE.pixels.json beside the report, when the run goes on. */
async function earlierDecisions({
  report,
  isResumed,
}: Options): Promise<ReadonlyMap<string, WaitingInput>> {
  if (!isResumed) return new Map()
  const { decisionsPath, readDecisions } = await import('./operator/decisions.ts')
  return new Map(readDecisions(decisionsPath(report)).map((each) => [each.input, each]))
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

/** One folder, one key: after a rotation the same patient would be another subject in it. */
function refuseOtherKey({ out, report }: Options, fingerprint: string): void {
  const known = keyOfKilledRun(out) ?? keyOfReport(report)
  if (known === undefined || known === fingerprint) return
  throw new UsageError(
    `--resume: what is in --out was made with key ${known}, not with ${fingerprint}; ` +
      `go on with --key ${known}, or choose another folder`,
  )
}

function keyOfKilledRun(out: string): string | undefined {
  const path = join(out, PARTIAL, 'key')
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

function keyOfReport(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  try {
    const report: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const isReport = typeof report === 'object' && report !== null && 'key' in report
    if (isReport && typeof report.key === 'string') return report.key
  } catch {
    // The sentence below says it.
  }
  throw new UsageError('--resume: the report that is there is none of an earlier run')
}

/** The folder for temporary files; two runs in one folder would spoil each other's. */
function claim(out: string, mayExist: boolean, fingerprint: string): string {
  mkdirSync(out, { recursive: true })
  const partialFolder = join(out, PARTIAL)
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
  writeFileSync(join(partialFolder, 'key'), fingerprint)
  return partialFolder
}

function isOther(pid: number): boolean {
  return Number.isInteger(pid) && pid > 0 && pid !== process.pid && isRunning(pid)
}
