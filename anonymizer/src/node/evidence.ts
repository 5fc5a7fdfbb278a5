/**
 * The evidence pack for the review board (DRB): what the profile says, what was counted, what is left,
 * and a sample to look at, in one zip with the digest of each part.
 */
import { createHash, randomInt } from 'node:crypto'
import { createWriteStream, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import yazl from 'yazl'
import type { Entry } from '../ledger/entry.ts'
import { profileDigest } from '../profile/digest.ts'
import { OPTIONS } from '../profile/options.ts'
import { loadProfile, type Profile } from '../profile/profile.ts'
import type { BatchSummary } from './batch-summary.ts'
import { UsageError } from './complaint.ts'
import { coverPage, type Evidence, sampleName, samplePage } from './evidence-page.ts'
import { type Residual, scanOutputs } from './evidence-scan.ts'
import { createRawScan } from './raw-scan.ts'

export interface EvidenceOptions {
  readonly folder: string
  readonly report: string
  /** A built-in name or the text of a file. */
  readonly profile: string
  readonly out: string
  readonly sample: number
  readonly identifiers: readonly string[]
  /** Of the ledger; [] without one. */
  readonly entries: readonly Entry[]
  readonly now: Date
}

export interface MadeEvidence {
  readonly residual: Residual
  readonly reportSha256: string
  readonly sha256: string
  readonly sampled: number
}

export async function makeEvidence(options: EvidenceOptions): Promise<MadeEvidence> {
  const { folder, entries, now } = options
  const text = readFileSync(options.report)
  const reportSha256 = sha256(text)
  const summary = summaryFrom(text.toString())
  const profile = loadProfile(options.profile)
  if (profileDigest(profile) !== summary.profile.sha256) {
    throw new UsageError('--profile: not the profile that the report speaks of')
  }
  const run = entries.findLast(
    (entry) => entry.kind === 'deidentified' && entry.reportSha256 === reportSha256,
  )
  if (entries.length > 0 && run === undefined) {
    throw new UsageError('the ledger knows no run with this report')
  }
  const reported = new Set(outputsOf(options.report, summary))
  const stem = resolve(options.report).replace(/\.json$/, '')
  const own = new Set([`${stem}.json`, `${stem}.html`, `${stem}.instances.jsonl`])
  const outputs = filesBelow(resolve(folder)).flatMap((path) =>
    own.has(path) ? [] : [{ path, name: relative(resolve(folder), path).replaceAll(sep, '/') }],
  )
  const found = outputs.filter(({ name }) => reported.has(name))
  const sampled = new Set(chosen(found, options.sample).map(({ path }) => path))
  const { residual, samples } = await scanOutputs(outputs, sampled, {
    profile: options.profile,
    format: summary.pseudonyms,
    identifiers: options.identifiers,
  })
  const { searched, tooShort } = createRawScan(options.identifiers)
  const evidence: Evidence = {
    summary,
    reportSha256,
    made: now.toISOString(),
    run: run?.kind === 'deidentified' ? run : undefined,
    head: entries.at(-1),
    missing: reported.size - found.length,
    others: outputs.length - found.length,
    residual,
    searched,
    tooShort,
    samples,
  }
  const files = new Map<string, Buffer>([
    ['index.ko.html', Buffer.from(coverPage(evidence, 'ko'))],
    ['index.en.html', Buffer.from(coverPage(evidence, 'en'))],
    ['profile.txt', Buffer.from(profileText(profile))],
    ['report.json', text],
    [
      'residual.json',
      Buffer.from(`${JSON.stringify({ ...residual, searched, tooShort }, null, 2)}\n`),
    ],
    ...samples.map((each, at): [string, Buffer] => [sampleName(at), Buffer.from(samplePage(each))]),
  ])
  await writeZip(options.out, files, now)
  const made = sha256(readFileSync(options.out))
  return { residual, reportSha256, sha256: made, sampled: samples.length }
}

/** The report is of our own making, but it was in other hands since. */
function summaryFrom(text: string): BatchSummary {
  let summary: Partial<BatchSummary>
  try {
    summary = JSON.parse(text) as Partial<BatchSummary>
  } catch {
    throw new UsageError('--report: not a report of pandok deidentify')
  }
  if (
    summary.schema !== 'pandok-deidentification-report-1' ||
    summary.pseudonyms === undefined ||
    summary.key === undefined
  ) {
    throw new UsageError('--report: not a report of pandok deidentify')
  }
  if (summary.isDryRun === true) throw new UsageError('--report: of a dry run, which wrote nothing')
  return summary as BatchSummary
}

/** Paths that the report names, with slashes. */
function outputsOf(report: string, { instances }: BatchSummary): string[] {
  const lines = readFileSync(join(resolve(report), '..', instances), 'utf8').split('\n')
  return lines.flatMap((line) => {
    if (line === '') return []
    const { output } = JSON.parse(line) as { output?: string }
    return output === undefined ? [] : [output.replaceAll('\\', '/')]
  })
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Without a seed that somebody could choose. */
function chosen<T>(all: readonly T[], count: number): T[] {
  const left = [...all]
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(randomInt(left.length), 1),
  ).flat()
}

function profileText(profile: Profile): string {
  const options = [...profile.options].map(
    (option) => `  ${OPTIONS[option].code}  ${OPTIONS[option].meaning}`,
  )
  const overrides = [...profile.overrides].map(
    ([tag, action]) => `  (${tag.slice(0, 4)},${tag.slice(4)})  ${action}`,
  )
  const classes =
    profile.sopClasses === undefined
      ? ['  all that are handled']
      : [...profile.sopClasses].map((uid) => `  ${uid}`)
  return `${profile.label}
${profile.description}

SHA-256 ${profileDigest(profile)}

Options of PS3.15 Annex E
  113100  Basic Application Confidentiality Profile
${options.join('\n')}

Overrides
${overrides.join('\n') || '  none'}

SOP classes
${classes.join('\n')}

Pixels that may hold text: unseen ${profile.pixels.unseen}, looked at ${profile.pixels.look}
Faces that could be rendered: ${profile.faces}
Documents, audio and video: ${profile.documents}
Encrypted attributes: ${profile.encryptedAttributes}
`
}

async function writeZip(
  path: string,
  files: ReadonlyMap<string, Buffer>,
  now: Date,
): Promise<void> {
  const manifest = {
    schema: 'pandok-evidence-1',
    made: now.toISOString(),
    files: [...files].map(([name, bytes]) => ({
      name,
      bytes: bytes.length,
      sha256: sha256(bytes),
    })),
  }
  const zip = new yazl.ZipFile()
  const options = { mtime: now, mode: 0o100600 }
  for (const [name, bytes] of files) zip.addBuffer(bytes, name, options)
  zip.addBuffer(Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`), 'manifest.json', options)
  zip.end()
  await pipeline(zip.outputStream, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
